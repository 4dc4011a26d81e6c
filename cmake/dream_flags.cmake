# Warnings and sanitizers sit on one interface target that every module links; nothing is set globally.
add_library(dream_flags INTERFACE)
add_library(dream::flags ALIAS dream_flags)
# The code that nvcc hands to the host's compiler is its own, and its warnings are not ours.
target_compile_options(dream_flags INTERFACE "$<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-Wall;-Wextra;-Wpedantic;-Wshadow>"
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
  $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)  # g++ 12 sees overlaps in std::string's operator+ that are not there (GCC bug 105651)
if(DREAM_WERROR)
  target_compile_options(dream_flags INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings>
    $<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-Werror>)
endif()
target_compile_definitions(dream_flags INTERFACE OMPI_SKIP_MPICXX)
target_include_directories(dream_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
if(DREAM_SANITIZE)
  target_compile_options(dream_flags INTERFACE -fsanitize=${DREAM_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(dream_flags INTERFACE -fsanitize=${DREAM_SANITIZE})
endif()
