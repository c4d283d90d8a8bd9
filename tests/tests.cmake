# The tests, as ctest sees them: unit/ROOM (doctest, beside the sources), layers (the order of the
# rooms) and check-layers (that script itself), server/FILE and torture/FILE (Python, on real servers)
# and long/FILE (the same with more rounds).

find_library(RAPIDCHECK_LIBRARY rapidcheck REQUIRED)
find_path(DOCTEST_INCLUDE_DIR doctest/doctest.h REQUIRED)
find_program(PYTHON_PROGRAM python3 REQUIRED)

add_executable(unit-tests ${WHIMBREL_UNIT_TESTS} tests/unit_main.cc)
target_include_directories(unit-tests PRIVATE src tests)
target_include_directories(unit-tests SYSTEM PRIVATE ${DOCTEST_INCLUDE_DIR})
target_link_libraries(unit-tests PRIVATE whimbrel nlohmann_json::nlohmann_json ${RAPIDCHECK_LIBRARY})
add_dependencies(unit-tests users-generator)  # scripts/demo is tested with it
if(WHIMBREL_PRECOMPILED)
  target_precompile_headers(unit-tests PRIVATE ${WHIMBREL_HEAVY_HEADERS} <doctest/doctest.h>)
  set_source_files_properties(tests/unit_main.cc PROPERTIES SKIP_PRECOMPILE_HEADERS ON)  # it makes doctest's own code
endif()

set(unit_rooms)
foreach(file ${WHIMBREL_UNIT_TESTS})
  get_filename_component(room ${file} DIRECTORY)
  get_filename_component(room ${room} NAME)
  list(APPEND unit_rooms ${room})
endforeach()
list(REMOVE_DUPLICATES unit_rooms)
foreach(room ${unit_rooms})
  add_test(NAME unit/${room} COMMAND unit-tests --source-file=*/src/${room}/*)
  set_tests_properties(unit/${room} PROPERTIES LABELS unit TIMEOUT 300)
endforeach()

add_test(NAME layers COMMAND ${PYTHON_PROGRAM} ${CMAKE_SOURCE_DIR}/scripts/check-layers)
add_test(NAME check-layers COMMAND ${PYTHON_PROGRAM} -B ${CMAKE_SOURCE_DIR}/tests/check_layers_test.py)
set_tests_properties(layers check-layers PROPERTIES LABELS unit TIMEOUT 60)

# One standalone server and one replica set for all server tests; see tests/support/servers.py.
set(run_server_test ${CMAKE_SOURCE_DIR}/tests/run_server_test.sh)
set(server_environment
  "WHIMBREL_BIN=$<TARGET_FILE:whimbrel-cli>"
  "WHIMBREL_TEST_SERVERS=${CMAKE_BINARY_DIR}/test-servers.json")
add_test(NAME servers/start COMMAND ${run_server_test} support.servers start)
add_test(NAME servers/stop COMMAND ${run_server_test} support.servers stop)
set_tests_properties(servers/start PROPERTIES FIXTURES_SETUP servers)
set_tests_properties(servers/stop PROPERTIES FIXTURES_CLEANUP servers)
set_tests_properties(servers/start servers/stop PROPERTIES
  LABELS server TIMEOUT 600 ENVIRONMENT "${server_environment}")

# add_server_test(NAME MODULE LABEL TIMEOUT [ARGUMENTS of unittest…])
function(add_server_test name module label timeout)
  add_test(NAME ${name} COMMAND ${run_server_test} unittest -v ${ARGN} ${module})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout}
    FIXTURES_REQUIRED servers ENVIRONMENT "${server_environment}")
endfunction()

file(GLOB server_tests RELATIVE ${CMAKE_SOURCE_DIR}/tests CONFIGURE_DEPENDS
  ${CMAKE_SOURCE_DIR}/tests/server/test_*.py ${CMAKE_SOURCE_DIR}/tests/torture/test_*.py
  ${CMAKE_SOURCE_DIR}/tests/night/test_*.py)
foreach(file ${server_tests})
  string(REGEX REPLACE "^(.*)/test_(.*)\\.py$" "\\1/\\2" name ${file})
  string(REGEX REPLACE "^(.*)/(test_.*)\\.py$" "\\1.\\2" module ${file})
  if(name STREQUAL "server/cases")
    add_server_test(server/cases_standalone ${module} server 900 -k on_a_standalone_server)
    add_server_test(server/cases_replicaset ${module} server 900 -k on_a_replica_set)
  elseif(name MATCHES "/(kill|faults|live|night|long_run)")
    string(REGEX REPLACE "^.*/" "long/" long ${name})
    add_server_test(${name} ${module} server 1800)
    add_server_test(${long} ${module} long 14400)
    set_tests_properties(${name} PROPERTIES COST 100)  # the longest ones start first
    set_property(TEST ${long} APPEND PROPERTY ENVIRONMENT WHIMBREL_TEST_LONG=1)
  else()
    add_server_test(${name} ${module} server 900)
  endif()
endforeach()
