# Finds libtorch and the CUDA toolkit it needs, and offers them as `omniq_torch` (an interface target
# with one shared precompiled header, `omniq_pch`).
#
# libtorch is the PyPI wheel, kept by ./quickstart in the user's cache; OMNIQ_TORCH_DIR names another one
# (the folder that holds share/cmake/Torch).

set(OMNIQ_TORCH_VERSION 2.11.0)

if(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(_omniq_cache "$ENV{XDG_CACHE_HOME}/omniq-studio")
else()
  set(_omniq_cache "$ENV{HOME}/.cache/omniq-studio")
endif()

if(NOT OMNIQ_TORCH_DIR)
  file(GLOB _candidates "${_omniq_cache}/torch-${OMNIQ_TORCH_VERSION}/lib/python3*/site-packages/torch")
  list(POP_FRONT _candidates _found)
  set(OMNIQ_TORCH_DIR "${_found}" CACHE PATH "Folder of libtorch (holds share/cmake/Torch)" FORCE)
endif()
if(NOT EXISTS "${OMNIQ_TORCH_DIR}/share/cmake/Torch/TorchConfig.cmake")
  message(FATAL_ERROR "libtorch ${OMNIQ_TORCH_VERSION} was not found. Run ./quickstart build once, which "
                      "fetches it, or pass -DOMNIQ_TORCH_DIR=<folder of the torch package>.")
endif()

# The CUDA compiler: the one given, the one on PATH or in /usr/local/cuda, else the wheels in the cache.
if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  find_program(OMNIQ_NVCC nvcc PATHS /usr/local/cuda/bin "${_omniq_cache}/cuda-13.0.2/bin")
  if(NOT OMNIQ_NVCC)
    message(FATAL_ERROR "No CUDA toolkit was found (nvcc). Run ./quickstart build once, which fetches one, "
                        "or pass -DCMAKE_CUDA_COMPILER=<path of nvcc>.")
  endif()
  set(CMAKE_CUDA_COMPILER "${OMNIQ_NVCC}" CACHE FILEPATH "CUDA compiler")
endif()

# Architectures: those of the GPU in this machine, else 9.0. Packagers list theirs: "8.0;8.6;8.9;9.0".
if(NOT OMNIQ_CUDA_ARCHITECTURES)
  execute_process(COMMAND nvidia-smi --query-gpu=compute_cap --format=csv,noheader
                  OUTPUT_VARIABLE _caps ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE _rc)
  if(_rc EQUAL 0 AND _caps MATCHES "^[0-9]+\\.[0-9]")
    string(REPLACE "\n" ";" _caps "${_caps}")
    list(REMOVE_DUPLICATES _caps)
  else()
    set(_caps 9.0)
  endif()
  set(OMNIQ_CUDA_ARCHITECTURES "${_caps}" CACHE STRING "CUDA compute capabilities to compile for")
endif()
list(JOIN OMNIQ_CUDA_ARCHITECTURES " " TORCH_CUDA_ARCH_LIST)
string(REPLACE "." "" CMAKE_CUDA_ARCHITECTURES "${OMNIQ_CUDA_ARCHITECTURES}")
list(TRANSFORM CMAKE_CUDA_ARCHITECTURES APPEND "-real")

find_package(Torch ${OMNIQ_TORCH_VERSION} REQUIRED CONFIG PATHS "${OMNIQ_TORCH_DIR}/share/cmake/Torch" NO_DEFAULT_PATH)

add_library(omniq_torch INTERFACE)
target_link_libraries(omniq_torch INTERFACE ${TORCH_LIBRARIES})
target_include_directories(omniq_torch INTERFACE ${CMAKE_SOURCE_DIR})

# One precompiled header for every target that sees torch: torch/torch.h alone costs 12 to 20 seconds a file.
file(WRITE ${CMAKE_BINARY_DIR}/generated/pch.cpp "// Holds the precompiled header.\n")
add_library(omniq_pch STATIC ${CMAKE_BINARY_DIR}/generated/pch.cpp)
target_link_libraries(omniq_pch PUBLIC omniq_torch)
target_precompile_headers(omniq_pch PRIVATE <torch/torch.h> <algorithm> <cmath> <filesystem> <functional>
                          <map> <memory> <optional> <string> <vector>)
