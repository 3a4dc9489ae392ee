# Fails when a test waits for a time instead of for an event, naming file and line.
#
#   cmake -DROOT=<folder> -P check_waits.cmake
cmake_minimum_required(VERSION 3.25)

set(violations "")
file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/tests/*.h" "${ROOT}/tests/*.cpp")
list(FILTER files EXCLUDE REGEX "/benchmarks/|^tests/support/patience.h$|^tests/ui/support/ui_test.h$")
foreach(file IN LISTS files)
  file(READ "${ROOT}/${file}" content)
  string(REGEX MATCH "^(.*)(qWait|qSleep|msleep|usleep|nanosleep|sleep_for|sleep_until)\\(" found "${content}")
  if(found)
    string(REGEX MATCHALL "\n" before "${CMAKE_MATCH_1}")
    list(LENGTH before line)
    math(EXPR line "${line} + 1")
    string(APPEND violations "\n  ${file}:${line}: waits for a time")
  endif()
endforeach()
if(violations)
  message(FATAL_ERROR "Tests wait for what must happen (eventually(), QTRY_VERIFY), or let_pass() where nothing may:${violations}")
endif()
