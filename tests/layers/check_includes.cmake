# Fails when a file includes what its layer must not know, naming file and line.
#
#   cmake -DROOT=<folder> -DMODEL_SOURCES=<files of omniq_model> -P check_includes.cmake
#
# Folders have rules of their own. The target omniq_model is more than one folder, so its files are followed:
# each source of it and every header of ours that they reach obeys the rules of the model.
cmake_minimum_required(VERSION 3.25)

set(qt "Q[A-Z][A-Za-z0-9]*|Qt[A-Z][A-Za-z0-9]*/.*")
set(opencv "opencv2?/.*")
set(ffmpeg "lib(av|sw)[a-z]+/.*")
set(yaml "yaml-cpp/.*")
set(spdlog "spdlog/.*")
set(rule_kernels "${qt}|${opencv}|${ffmpeg}|${yaml}|${spdlog}|(core|ui|app)/.*")
set(rule_model "${qt}|${opencv}|${ffmpeg}|${yaml}|${spdlog}|(ui|app)/.*")
set(rule_core "${qt}|(ui|app)/.*")
set(why_kernels "kernels/ stands on libtorch alone: no Qt, OpenCV, FFmpeg, yaml-cpp or spdlog, and nothing of core/, ui/ or app/")
set(why_model "omniq_model runs where only libtorch is: no Qt, OpenCV, FFmpeg, yaml-cpp or spdlog, and nothing of ui/ or app/")
set(why_core "core/ is the engine without a window: no Qt, and nothing of ui/ or app/")

set(violations "")

# includes_of(<file> <result>): what it includes, files of ours as paths from the root.
function(includes_of file result)
  file(READ "${ROOT}/${file}" content)
  string(REPLACE ";" "," content "${content}")  # would end a list's element
  string(REGEX MATCHALL "(^|\n)[ \t]*#[ \t]*include[ \t]*[<\"][^>\"\n]+" lines "${content}")
  get_filename_component(folder "${ROOT}/${file}" DIRECTORY)
  set(found "")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^[^<\"]*[<\"]" "" name "${line}")
    if(line MATCHES "include[ \t]*\"" AND EXISTS "${folder}/${name}")  # relative to the file
      get_filename_component(name "${folder}/${name}" ABSOLUTE)
      file(RELATIVE_PATH name "${ROOT}" "${name}")
    endif()
    list(APPEND found "${name}")
  endforeach()
  set(${result} "${found}" PARENT_SCOPE)
endfunction()

# The line on which the text first stands in the file.
function(line_of file text result)
  file(READ "${ROOT}/${file}" content)
  string(REPLACE ";" "," content "${content}")
  string(REGEX MATCH "#[ \t]*include[ \t]*[<\"][^>\"\n]*${text}" directive "${content}")
  string(FIND "${content}" "${directive}" position)
  string(SUBSTRING "${content}" 0 ${position} before)
  string(REGEX MATCHALL "\n" before "${before}")
  list(LENGTH before line)
  math(EXPR line "${line} + 1")
  set(${result} ${line} PARENT_SCOPE)
endfunction()

function(check file rule)
  includes_of("${file}" names)
  foreach(name IN LISTS names)
    if(name MATCHES "^(${rule_${rule}})$")
      get_filename_component(last "${name}" NAME)
      line_of("${file}" "${last}" line)
      set(violations "${violations}\n  ${file}:${line}: includes ${name}; ${why_${rule}}")
    endif()
  endforeach()
  set(violations "${violations}" PARENT_SCOPE)
endfunction()

foreach(rule kernels core)
  file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/${rule}/*.h" "${ROOT}/${rule}/*.hpp" "${ROOT}/${rule}/*.cuh"
       "${ROOT}/${rule}/*.cpp" "${ROOT}/${rule}/*.cu")
  if(NOT files)
    message(FATAL_ERROR "no file was found in ${ROOT}/${rule}: is ROOT right?")
  endif()
  foreach(file IN LISTS files)
    check("${file}" ${rule})
  endforeach()
endforeach()

file(GLOB_RECURSE waiting RELATIVE "${ROOT}" "${ROOT}/core/model/*.h" "${ROOT}/core/model/*.cpp")
foreach(source IN LISTS MODEL_SOURCES)
  file(RELATIVE_PATH source "${ROOT}" "${source}")
  if(NOT source MATCHES "^\\.\\./|^build/")
    list(APPEND waiting "${source}")
  endif()
endforeach()
set(seen "")
while(waiting)
  list(POP_FRONT waiting file)
  if(file IN_LIST seen OR file MATCHES "^kernels/" OR NOT EXISTS "${ROOT}/${file}" OR IS_DIRECTORY "${ROOT}/${file}")
    continue()
  endif()
  list(APPEND seen "${file}")
  check("${file}" model)
  includes_of("${file}" names)
  list(FILTER names INCLUDE REGEX "^[a-z]+/")
  list(APPEND waiting ${names})
endwhile()

# nlohmann's dump throws at names that are not UTF-8.
file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/core/*.h" "${ROOT}/core/*.cpp" "${ROOT}/app/*.cpp")
list(REMOVE_ITEM files core/base/json.h)
foreach(file IN LISTS files)
  file(STRINGS "${ROOT}/${file}" calls REGEX "\\.dump\\(")
  if(calls)
    set(violations "${violations}\n  ${file}: calls dump(); json_text of core/base/json.h is how JSON is written")
  endif()
endforeach()

# How the encoder is computed is chosen in core/model; who runs it passes the choice on.
file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/core/train/*" "${ROOT}/core/eval/*" "${ROOT}/core/infer/*")
foreach(file IN LISTS files)
  file(STRINGS "${ROOT}/${file}" names REGEX "SwinInference|SwinTraining")
  if(names)
    set(violations "${violations}\n  ${file}: names Swin's kernels; model::Execution says how the encoder is computed")
  endif()
endforeach()

if(violations)
  message(FATAL_ERROR "${violations}")
endif()
