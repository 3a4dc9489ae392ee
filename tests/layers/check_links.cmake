# Fails when a program, or a target with all that it is linked with, needs a library that its layer must not know.
#
#   cmake -DPROGRAM=<file> -DFORBIDDEN=<regular expression over file names> -P check_links.cmake
#   cmake -DTARGET=<name> -DLINKED=<list of libraries> -DFORBIDDEN=<the same> -P check_links.cmake
#
# The first sees what is really loaded; the second also what is named but not used, which some linkers drop.
cmake_minimum_required(VERSION 3.25)

if(TARGET)
  set(subject "${TARGET}")
  set(libraries "${LINKED}")
else()
  set(subject "${PROGRAM}")
  execute_process(COMMAND readelf -dW "${PROGRAM}" OUTPUT_VARIABLE entries ERROR_VARIABLE error RESULT_VARIABLE rc)
  string(REPLACE "[" "<" entries "${entries}")  # brackets would keep a list's elements together
  string(REPLACE "]" ">" entries "${entries}")
  string(REGEX MATCHALL "\\(NEEDED\\)[^\n]*<[^>\n]+" libraries "${entries}")
  if(NOT rc EQUAL 0 OR NOT libraries)
    message(FATAL_ERROR "${PROGRAM}: readelf named no shared library: ${error}")
  endif()
  list(TRANSFORM libraries REPLACE ".*<" "")
endif()
foreach(library IN LISTS libraries)
  get_filename_component(name "${library}" NAME)
  string(REGEX REPLACE "^(lib|-l)" "" name "${name}")
  if(name MATCHES "^(${FORBIDDEN})")
    string(APPEND violations "\n  ${subject}: links ${library}, which its layer must not know")
  endif()
endforeach()
if(violations)
  message(FATAL_ERROR "${violations}")
endif()
