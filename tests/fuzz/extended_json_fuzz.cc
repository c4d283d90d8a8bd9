// Extended JSON in a migration file, and in what the Node host and the server say.
#include "fuzz/target.h"
#include "migration/json.h"
#include "migration/values.h"

using whimbrel::mongo::Document;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view source = fuzz::text({data, size});
  if (auto document = Document::from_json(source)) {
    fuzz::must(!document->view().to_json().empty());
    for (const auto& value : document->view().elements()) (void)value.to_json();
  }
  whimbrel::migration::ProblemList problems("a.json");
  auto root = whimbrel::migration::parse_json(source, problems);
  if (!root) return 0;
  Document document = whimbrel::migration::to_document(*root, "it", problems);
  if (problems.empty())
    fuzz::must(static_cast<bool>(Document::from_bytes(document.view().bytes())));
  return 0;
}
