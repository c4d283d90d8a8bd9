// Any text as a migration file: the first byte chooses YAML or JSON.
#include "fuzz/target.h"
#include "migration/load.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view source = fuzz::text({data, size}).substr(1);
  auto loaded = whimbrel::load_migration(data[0] % 2 == 0 ? "a.yaml" : "a.json", source);
  auto* problems = std::get_if<std::vector<whimbrel::Problem>>(&loaded);
  fuzz::must(!problems || !problems->empty());
  return 0;
}
