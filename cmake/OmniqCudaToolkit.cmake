# Sets CMAKE_CUDA_COMPILER, unless it is given, to the first CUDA 13 compiler of: CUDACXX, nvcc on PATH,
# CUDA_HOME, CUDA_PATH, /usr/local/cuda, the wheels that ./quickstart keeps in the user's cache (_omniq_cache).
# Others are passed over and named: libtorch's runtime and their headers do not fit together.
# quickstart looks in the same places in the same order.

set(OMNIQ_CUDA_WHEELS_VERSION 13.0.2)

if(CMAKE_CUDA_COMPILER AND EXISTS "${CMAKE_CUDA_COMPILER}")
  return()
endif()
unset(CMAKE_CUDA_COMPILER CACHE)

find_program(_nvcc_on_path nvcc NO_CACHE NO_CMAKE_PATH NO_CMAKE_ENVIRONMENT_PATH NO_CMAKE_SYSTEM_PATH)
foreach(_candidate IN ITEMS "$ENV{CUDACXX}" "${_nvcc_on_path}" "$ENV{CUDA_HOME}/bin/nvcc" "$ENV{CUDA_PATH}/bin/nvcc"
                            /usr/local/cuda/bin/nvcc "${_omniq_cache}/cuda-${OMNIQ_CUDA_WHEELS_VERSION}/bin/nvcc")
  if(NOT IS_ABSOLUTE "${_candidate}" OR NOT EXISTS "${_candidate}")
    continue()
  endif()
  execute_process(COMMAND "${_candidate}" --version OUTPUT_VARIABLE _version ERROR_QUIET)
  string(REGEX MATCH "release [0-9.]+" _version "${_version}")
  if(_version MATCHES "^release 13\\.")
    set(CMAKE_CUDA_COMPILER "${_candidate}" CACHE FILEPATH "CUDA compiler")
    return()
  endif()
  message(STATUS "${_candidate} is passed over: ${_version}, and libtorch ${OMNIQ_TORCH_VERSION} needs CUDA 13")
endforeach()
message(FATAL_ERROR "No CUDA 13 toolkit was found (nvcc). Run ./quickstart build once, which fetches one, "
                    "or pass -DCMAKE_CUDA_COMPILER=<path of nvcc>.")
