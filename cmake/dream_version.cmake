# What this build is made of; `--version` prints it and every run stores it.
# -DDREAM_COMMIT=... names the commit where the history is not at hand, as in the build of an image.
if(NOT DREAM_COMMIT)
  execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE DREAM_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT DREAM_COMMIT)
  set(DREAM_COMMIT "unknown")
endif()
# A new commit configures again, so that the name is never that of an older one.
if(EXISTS ${CMAKE_SOURCE_DIR}/.git/logs/HEAD)
  set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/.git/logs/HEAD)
endif()
configure_file(${CMAKE_SOURCE_DIR}/cmake/version.hpp.in ${CMAKE_BINARY_DIR}/generated/dream_version.hpp @ONLY)
add_library(dream_version INTERFACE)
add_library(dream::version ALIAS dream_version)
target_include_directories(dream_version INTERFACE ${CMAKE_BINARY_DIR}/generated)
