# Writes OUTPUT: a C++ file whose function FUNCTION gives the text of SOURCES, in their order, as one string.
# String literals have a limit of 64 KiB in the standard, so each file is one of its own.
set(literals "")
foreach(source IN LISTS SOURCES)
  file(READ "${source}" text)
  string(APPEND literals "    R\"whimbrel(${text})whimbrel\"\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"node/host_source.h\"

namespace whimbrel::node {

std::string_view ${FUNCTION}() {
  static constexpr std::string_view kSource =
${literals};
  return kSource;
}

}  // namespace whimbrel::node
")
