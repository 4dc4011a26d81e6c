# Warnings and sanitizers sit on one interface target that every module links; nothing is set globally.
add_library(dream_flags INTERFACE)
add_library(dream::flags ALIAS dream_flags)
target_compile_options(dream_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Wno-restrict)  # g++ 12 sees overlaps in std::string's operator+ that are not there (GCC bug 105651)
if(DREAM_WERROR)
  target_compile_options(dream_flags INTERFACE -Werror)
endif()
target_compile_definitions(dream_flags INTERFACE OMPI_SKIP_MPICXX)
target_include_directories(dream_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
if(DREAM_SANITIZE)
  target_compile_options(dream_flags INTERFACE -fsanitize=${DREAM_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(dream_flags INTERFACE -fsanitize=${DREAM_SANITIZE})
endif()
