# dream_module(NAME SOURCES a.cpp ... [PUBLIC lib ...] [PRIVATE lib ...])
# Makes the static library dream::NAME. Its links are the arrows of docs/architecture.md, and a test compares them.
function(dream_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(dream_${name} STATIC ${ARG_SOURCES})
  add_library(dream::${name} ALIAS dream_${name})
  target_link_libraries(dream_${name} PUBLIC dream::flags ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# dream_program(NAME SOURCES a.cpp ... LINK lib ...): a program in build/<preset>/bin. Its target is program_NAME, since
# a module's target may be called like the program.
function(dream_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(program_${name} ${ARG_SOURCES})
  set_target_properties(program_${name} PROPERTIES OUTPUT_NAME ${name})
  target_link_libraries(program_${name} PRIVATE dream::flags ${ARG_LINK})
endfunction()

# dream_test(NAME SOURCES a.cpp ... LINK lib ... [LABELS l ...] [TIMEOUT s])
# One program of Boost.Test cases on our own main; every case becomes one CTest entry for each number of ranks
# that its `ranks({...})` decorator names (none: run without mpirun). See tests/support/README.md.
function(dream_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(test_${name} ${ARG_SOURCES})
  target_link_libraries(test_${name} PRIVATE dream::flags dream::test_support ${ARG_LINK})
  set(list ${CMAKE_CURRENT_BINARY_DIR}/test_${name}.ctest.cmake)
  string(REPLACE ";" "," labels "${ARG_LABELS}")
  add_custom_command(TARGET test_${name} POST_BUILD BYPRODUCTS ${list}
    COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:test_${name}> -DNAME=${name} -DOUT=${list}
            "-DLABELS=${labels}" -DTIMEOUT=${ARG_TIMEOUT} -DMPIEXEC=${MPIEXEC_EXECUTABLE}
            -P ${CMAKE_SOURCE_DIR}/cmake/list_cases.cmake VERBATIM)
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${list})
endfunction()
