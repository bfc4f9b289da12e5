# Warnings are errors, everywhere. An opt-out is named here, with its reason, or nowhere.
add_library(davy_warnings INTERFACE)
target_compile_options(davy_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  -Wnull-dereference -Wimplicit-fallthrough
  -Wno-missing-field-initializers  # designated initialisers leave defaults on purpose
)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False positives of GCC 12 in libstdc++ when sanitizers or -O2 inline deeply (GCC bugs 105329, 105651, 104336).
  target_compile_options(davy_warnings INTERFACE
    -Wno-null-dereference -Wno-restrict -Wno-stringop-overflow -Wno-maybe-uninitialized)
endif()

add_library(davy_options INTERFACE)
target_include_directories(davy_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(davy_options INTERFACE DAVY_VERSION="${PROJECT_VERSION}")
if(DAVY_SANITIZE)
  target_compile_options(davy_options INTERFACE -fsanitize=${DAVY_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(davy_options INTERFACE -fsanitize=${DAVY_SANITIZE})
endif()
