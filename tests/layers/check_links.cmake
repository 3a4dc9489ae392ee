# Fails when a program needs a shared library that its layer must not know, naming both.
#
#   cmake -DPROGRAM=<file> -DFORBIDDEN=<regular expression over library names> -P check_links.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND readelf -dW "${PROGRAM}" OUTPUT_VARIABLE entries ERROR_VARIABLE error RESULT_VARIABLE rc)
string(REGEX MATCHALL "\\(NEEDED\\)[^\n]*\\[[^]\n]+" needed "${entries}")
if(NOT rc EQUAL 0 OR NOT needed)
  message(FATAL_ERROR "${PROGRAM}: readelf named no shared library: ${error}")
endif()
foreach(entry IN LISTS needed)
  string(REGEX REPLACE ".*\\[" "" library "${entry}")
  if(library MATCHES "^(${FORBIDDEN})")
    string(APPEND violations "${PROGRAM}: needs ${library}, which its layer must not link\n")
  endif()
endforeach()
if(violations)
  message(FATAL_ERROR "${violations}")
endif()
