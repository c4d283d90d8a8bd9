// Any text as whimbrel.yaml, with an environment that the file may or may not have.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fuzz/target.h"
#include "migration/config.h"

namespace {

struct Folder {
  std::string path = "/tmp/whimbrel-fuzz-XXXXXX";
  Folder() { fuzz::must(mkdtemp(path.data()) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Folder folder;
  std::ofstream(folder.path + "/whimbrel.yaml", std::ios::binary) << fuzz::text({data, size});
  whimbrel::ConfigSources sources;
  sources.directory = folder.path;
  if (size % 2 != 0) sources.environment = "production";
  auto config = whimbrel::load_config(sources);
  fuzz::must(config || !config.error().message.empty());
  return 0;
}
