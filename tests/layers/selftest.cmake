# Plants what the checkers are there to find and expects them to find it, at the right file and line.
#
#   cmake -DWORK=<folder to use> -P selftest.cmake
cmake_minimum_required(VERSION 3.25)
string(RANDOM LENGTH 12 mine)  # the suite may run several times at once
string(APPEND WORK /${mine})

function(expect what want_rc want_text)  # the rest is the command
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE rc OUTPUT_VARIABLE out ERROR_VARIABLE out)
  string(REGEX REPLACE "[ \n]+" " " out "${out}")
  string(FIND "${out}" "${want_text}" at)
  if((want_rc EQUAL 0 AND NOT rc EQUAL 0) OR (want_rc EQUAL 1 AND rc EQUAL 0) OR at EQUAL -1)
    message(FATAL_ERROR "${what}: expected exit ${want_rc} with \"${want_text}\", got ${rc}: ${out}")
  endif()
endfunction()

function(clean_tree)
  file(REMOVE_RECURSE "${WORK}")
  file(WRITE "${WORK}/kernels/scan/scan.cu" "#include <torch/torch.h>\n#include \"kernels/scan/scan.h\"\n")
  file(WRITE "${WORK}/kernels/scan/scan.h" "#pragma once\n#include <queue>\n")
  file(WRITE "${WORK}/core/base/text.h" "#pragma once\n#include <string>\n")
  file(WRITE "${WORK}/core/base/text.cpp" "#include \"core/base/text.h\"\n")
  file(WRITE "${WORK}/core/model/swin.cpp" "#include \"core/base/text.h\"\n#include \"kernels/scan/scan.h\"\n")
  file(WRITE "${WORK}/core/data/video.cpp" "#include <libavformat/avformat.h>\n#include <opencv2/core.hpp>\n")
  file(WRITE "${WORK}/ui/models/runs.h" "#pragma once\n#include <QString>\n")
  file(WRITE "${WORK}/ui/models/values/metric.h" "#pragma once\n#include <QString>\n")
  file(WRITE "${WORK}/ui/widgets/bars.cpp" "#include <QWidget>\n")
  file(WRITE "${WORK}/core/text/bpe.cpp" "#include \"core/base/text.h\"\n#include <pcre2.h>\n")
  file(WRITE "${WORK}/ui/pages/runs.cpp" "#include <QWidget>\n")
  file(WRITE "${WORK}/ui/window/main_window.cpp" "#include \"ui/pages/runs.h\"\n")
  file(WRITE "${WORK}/core/base/log.cpp" "#include <spdlog/spdlog.h>\n// not #include <QString>\n")
endfunction()

set(check ${CMAKE_COMMAND} -DROOT=${WORK} -DMODEL_SOURCES=${WORK}/core/base/text.cpp
    -P ${CMAKE_CURRENT_LIST_DIR}/check_includes.cmake)

clean_tree()
expect("a clean tree" 0 "" ${check})

# file to plant in | line | what it includes
foreach(case
    "kernels/scan/scan.h|3|<opencv2/core.hpp>"
    "kernels/scan/scan.cu|3|<yaml-cpp/yaml.h>"
    "kernels/scan/scan.h|3|<spdlog/spdlog.h>"
    "kernels/scan/scan.h|3|<QString>"
    "kernels/scan/scan.cu|3|\"core/base/text.h\""
    "kernels/scan/scan.cu|3|\"../../core/base/text.h\""
    "core/model/swin.cpp|3|<opencv2/imgproc.hpp>"
    "core/model/swin.cpp|3|<libavcodec/avcodec.h>"
    "core/model/swin.cpp|3|<QtCore/QObject>"
    "core/base/text.cpp|2|<spdlog/spdlog.h>"
    "core/base/text.h|3|<yaml-cpp/yaml.h>"
    "core/data/video.cpp|3|<QImage>"
    "core/data/video.cpp|3|<QtGui/QImage>"
    "core/data/video.cpp|3|\"ui/pages/runs.h\""
    "core/data/video.cpp|3|\"app/cli.h\""
    "ui/models/runs.h|3|\"ui/pages/runs.h\""
    "ui/models/values/metric.h|3|<QObject>"
    "ui/models/values/metric.h|3|\"ui/models/readers/run.h\""
    "ui/widgets/bars.cpp|2|\"ui/pages/runs.h\""
    "core/text/bpe.cpp|3|<torch/types.h>"
    "core/text/bpe.cpp|3|\"core/data/names.h\""
    "ui/pages/runs.cpp|2|<signal.h>"
    "ui/pages/runs.cpp|2|<unistd.h>"
    "ui/pages/runs.cpp|2|\"ui/window/main_window.h\""
    "ui/window/main_window.cpp|2|<csignal>"
    "ui/window/main_window.cpp|2|<QProcess>")
  string(REPLACE "|" ";" parts "${case}")
  list(GET parts 0 file)
  list(GET parts 1 line)
  list(GET parts 2 include)
  clean_tree()
  file(APPEND "${WORK}/${file}" "  #  include ${include}\n")
  expect("${case}" 1 "${file}:${line}: includes" ${check})
endforeach()

clean_tree()
file(APPEND "${WORK}/core/data/video.cpp" "void f() { out << json.dump(2); }\n")
expect("JSON that may throw" 1 "core/data/video.cpp: calls dump()" ${check})

clean_tree()
file(WRITE "${WORK}/core/eval/evaluator.cpp" "model::SwinInference encoder(swin);\n")
expect("an evaluation that runs the encoder's kernels" 1 "core/eval/evaluator.cpp: names Swin's kernels" ${check})

clean_tree()
file(REMOVE_RECURSE "${WORK}/kernels")
expect("a tree without kernels" 1 "no file was found" ${check})

set(waits ${CMAKE_COMMAND} -DROOT=${WORK} -P ${CMAKE_CURRENT_LIST_DIR}/check_waits.cmake)
file(WRITE "${WORK}/tests/ui/page_test.cpp" "QTRY_VERIFY(ready());\nrun.wait();\n")
expect("tests that wait for events" 0 "" ${waits})
foreach(wait "QTest::qWait(50);" "sleep_for(100ms);" "::usleep(5);")
  file(WRITE "${WORK}/tests/ui/page_test.cpp" "QTRY_VERIFY(ready());\n  ${wait}\n")
  expect("${wait}" 1 "tests/ui/page_test.cpp:2: waits for a time" ${waits})
endforeach()
file(REMOVE_RECURSE "${WORK}")

# Any dynamic program will do for the links: cmake itself.
set(links -P ${CMAKE_CURRENT_LIST_DIR}/check_links.cmake)
set(beyond "-DFORBIDDEN=opencv|Qt")
expect("a program without Qt" 0 "" ${CMAKE_COMMAND} -DPROGRAM=${CMAKE_COMMAND} ${beyond} ${links})
foreach(library c m)  # every C++ program needs these two, one of them not at the end of the list
  expect("a program with lib${library}" 1 "links lib${library}.so"
         ${CMAKE_COMMAND} -DPROGRAM=${CMAKE_COMMAND} "-DFORBIDDEN=Qt|${library}\\.so" ${links})
endforeach()
expect("a file that is no program" 1 "named no shared library"
       ${CMAKE_COMMAND} -DPROGRAM=${CMAKE_CURRENT_LIST_FILE} ${beyond} ${links})
expect("a target with allowed libraries" 0 ""
       ${CMAKE_COMMAND} -DTARGET=model "-DLINKED=/usr/lib/libm.so" ${beyond} ${links})
foreach(library opencv_core /usr/lib/libopencv_core.so.406 Qt6::Core -lQt6Core)
  expect("a target with ${library}" 1 "model: links ${library}"
         ${CMAKE_COMMAND} -DTARGET=model "-DLINKED=${library}" ${beyond} ${links})
endforeach()
