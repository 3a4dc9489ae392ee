# Finds libtorch and the CUDA toolkit it needs, and offers them as `omniq_torch` (an interface target) and
# `omniq_pch` (the one precompiled header that all targets which see torch share).
#
#   OMNIQ_TORCH_DIR           the torch folder of the PyPI wheel (holds share/cmake/Torch); by default the one
#                             that ./quickstart keeps in the user's cache
#   CMAKE_CUDA_COMPILER       nvcc; by default the first CUDA 13 compiler of OmniqCudaToolkit.cmake
#   OMNIQ_CUDA_ARCHITECTURES  compute capabilities to compile for, "8.0;8.6;9.0"; by default those of the GPUs
#                             in this machine, else 9.0

set(OMNIQ_TORCH_VERSION 2.11.0)

if(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(_omniq_cache "$ENV{XDG_CACHE_HOME}/omniq-studio")
else()
  set(_omniq_cache "$ENV{HOME}/.cache/omniq-studio")
endif()

# A folder that was found once may be gone (a cleaned cache): look again then.
if(NOT EXISTS "${OMNIQ_TORCH_DIR}/share/cmake/Torch/TorchConfig.cmake")
  file(GLOB _candidates
       "${_omniq_cache}/torch-${OMNIQ_TORCH_VERSION}/lib/python3*/site-packages/torch/share/cmake/Torch/TorchConfig.cmake")
  if(NOT _candidates)
    message(FATAL_ERROR "libtorch ${OMNIQ_TORCH_VERSION} was not found. Run ./quickstart build once, which "
                        "fetches it, or pass -DOMNIQ_TORCH_DIR=<folder of the torch package>.")
  endif()
  list(GET _candidates 0 _found)
  string(REPLACE "/share/cmake/Torch/TorchConfig.cmake" "" _found "${_found}")
  set(OMNIQ_TORCH_DIR "${_found}" CACHE PATH "Folder of libtorch (holds share/cmake/Torch)" FORCE)
endif()

include(OmniqCudaToolkit)
enable_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER_VERSION MATCHES "^13\\.")
  message(FATAL_ERROR "libtorch ${OMNIQ_TORCH_VERSION} is built for CUDA 13, but ${CMAKE_CUDA_COMPILER} is "
                      "${CMAKE_CUDA_COMPILER_VERSION}. Pass -DCMAKE_CUDA_COMPILER=<nvcc of CUDA 13>, or run "
                      "./quickstart build, which fetches one.")
endif()

# --- libtorch -------------------------------------------------------------------------------------------------
# Its configuration file is written for builds of torch extensions; what does not concern us is answered here.
get_filename_component(_nvcc "${CMAKE_CUDA_COMPILER}" REALPATH)
get_filename_component(_cuda_root "${_nvcc}" DIRECTORY)
get_filename_component(_cuda_root "${_cuda_root}" DIRECTORY)
set(CUDA_TOOLKIT_ROOT_DIR "${_cuda_root}")  # the toolkit of the compiler, not the first one in some list
set(CUDA_NVRTC_SHORTHASH unused)            # else it hashes 100 MB with Python, for a name that we do not use
set(kineto_LIBRARY torch_cpu)               # the profiler is inside libtorch_cpu; no separate file exists
set(TORCH_CUDA_ARCH_LIST 9.0)               # without a list it runs a program on the GPU; replaced below
unset(CMAKE_CUDA_ARCHITECTURES)             # it warns that it ignores the variable, and does
unset(CMAKE_CUDA_ARCHITECTURES CACHE)
set(CMAKE_MESSAGE_LOG_LEVEL NOTICE)         # its progress report; warnings and errors still come through
find_package(Torch ${OMNIQ_TORCH_VERSION} EXACT REQUIRED CONFIG
             PATHS "${OMNIQ_TORCH_DIR}/share/cmake/Torch" NO_DEFAULT_PATH)
unset(CMAKE_MESSAGE_LOG_LEVEL)
set_property(TARGET caffe2::mkl PROPERTY INTERFACE_LINK_DIRECTORIES "")  # else /lib/intel64 and others land in RUNPATH
string(REGEX REPLACE " -gencode [^ ]+" "" CMAKE_CUDA_FLAGS "${CMAKE_CUDA_FLAGS}")

# --- architectures --------------------------------------------------------------------------------------------
if(NOT OMNIQ_CUDA_ARCHITECTURES)
  execute_process(COMMAND nvidia-smi --query-gpu=compute_cap --format=csv,noheader
                  OUTPUT_VARIABLE _caps ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE _rc)
  if(_rc EQUAL 0 AND _caps MATCHES "^[0-9]+\\.[0-9]")
    string(REPLACE "\n" ";" _caps "${_caps}")
    list(REMOVE_DUPLICATES _caps)
  else()
    set(_caps 9.0)
  endif()
  set(OMNIQ_CUDA_ARCHITECTURES "${_caps}" CACHE STRING "CUDA compute capabilities to compile for" FORCE)
endif()
set(CMAKE_CUDA_ARCHITECTURES "")
foreach(_cap IN LISTS OMNIQ_CUDA_ARCHITECTURES)
  if(NOT _cap MATCHES "^[0-9]+\\.[0-9][af]?$")
    message(FATAL_ERROR "OMNIQ_CUDA_ARCHITECTURES: \"${_cap}\" is not a compute capability such as 8.6 or 9.0; "
                        "separate several with semicolons.")
  endif()
  string(REPLACE "." "" _cap "${_cap}")
  list(APPEND CMAKE_CUDA_ARCHITECTURES "${_cap}-real")
endforeach()
# The newest one is kept as PTX too, so that GPUs newer than all of the list can still compile it for themselves.
list(SORT CMAKE_CUDA_ARCHITECTURES COMPARE NATURAL)
list(POP_BACK CMAKE_CUDA_ARCHITECTURES _newest)
string(REPLACE "-real" "" _newest "${_newest}")
list(APPEND CMAKE_CUDA_ARCHITECTURES "${_newest}")

# --- targets --------------------------------------------------------------------------------------------------
add_library(omniq_torch INTERFACE)
target_link_libraries(omniq_torch INTERFACE torch torch_library)
target_include_directories(omniq_torch INTERFACE ${CMAKE_SOURCE_DIR})
# at::parallel_for is a template: compiled without OpenMP it is serial. The runtime is the one beside libtorch, so
# that a process has one.
target_compile_options(omniq_torch INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fopenmp>)
target_link_libraries(omniq_torch INTERFACE "${OMNIQ_TORCH_DIR}/lib/libgomp.so.1")
# libtorch exports a std::filesystem of its own, whose remove_all calls a null pointer: libstdc++ comes first.
target_link_options(omniq_torch INTERFACE "LINKER:--push-state,--no-as-needed,-lstdc++,--pop-state")
# ATen's CUDA headers name cublas, cusparse and cusolver; a toolkit without them is completed by the headers
# that came with libtorch.
if(NOT EXISTS "${_cuda_root}/include/cublas_v2.h")
  target_include_directories(omniq_torch SYSTEM INTERFACE "${OMNIQ_TORCH_DIR}/../nvidia/cu13/include")
endif()

# A torch header alone costs 12 to 20 seconds a file. Only those that nearly every file needs are in here: each
# file that uses the precompiled header instantiates again what its inline functions left pending, 6 seconds a file
# with torch/torch.h, 3 with these.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/pch.cpp CONTENT "// Holds the precompiled header.\n")
add_library(omniq_pch STATIC ${CMAKE_BINARY_DIR}/generated/pch.cpp)
target_link_libraries(omniq_pch PUBLIC omniq_torch)
target_precompile_headers(omniq_pch PRIVATE <torch/types.h> <torch/utils.h> <torch/csrc/autograd/custom_function.h>
                          <torch/nn/module.h> <torch/nn/pimpl.h> <algorithm> <cmath> <filesystem> <functional> <map>
                          <memory> <optional> <string> <vector>)

message(STATUS "libtorch ${OMNIQ_TORCH_VERSION} in ${OMNIQ_TORCH_DIR}")
message(STATUS "CUDA ${CMAKE_CUDA_COMPILER_VERSION} in ${_cuda_root}, for ${OMNIQ_CUDA_ARCHITECTURES}")

# omniq_torch_sources(<target>): its files see torch headers.
function(omniq_torch_sources target)
  target_precompile_headers(${target} REUSE_FROM omniq_pch)
  omniq_compile_together(${target})
endfunction()

# omniq_sources_without_torch(<target> <files>): adds files that see no torch header. They do without the precompiled
# header, whose mere loading costs more than compiling them.
function(omniq_sources_without_torch target)
  target_sources(${target} PRIVATE ${ARGN})
  set_source_files_properties(${ARGN} TARGET_DIRECTORY ${target} PROPERTIES SKIP_PRECOMPILE_HEADERS ON
                              SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
