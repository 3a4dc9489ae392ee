# Compiler choices that every target shares: warnings, sanitizers, ccache.

add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wall> $<$<COMPILE_LANGUAGE:CXX>:-Wextra>
                    $<$<COMPILE_LANGUAGE:CXX>:-Wno-unused-parameter>)
if(OMNIQ_WARNINGS_AS_ERRORS)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(OMNIQ_ASAN)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fsanitize=address,undefined>
                      $<$<COMPILE_LANGUAGE:CXX>:-fno-omit-frame-pointer>)
  add_link_options(-fsanitize=address,undefined)
endif()

# Programs are compiled like libraries (-fPIC, not CMake's -fPIE): the compiler refuses a precompiled header that
# was made with the other one, and a test that includes a torch header would then take its 12 to 20 seconds again.
unset(CMAKE_POSITION_INDEPENDENT_CODE)
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fPIC> $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-fPIC>)

find_program(OMNIQ_CCACHE ccache)
if(OMNIQ_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Units that use a precompiled header are cached only when told that these differences do not matter; the base
  # folder and the unhashed working folder let another clone, at another path, find what this one compiled.
  set(_ccache ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${OMNIQ_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${_ccache})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${_ccache})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endif()

# omniq_compile_together(<target>): some of its files are compiled as one, because each unit pays seconds for what the
# large headers (torch, JSON, Qt) bring; -DOMNIQ_UNITY_BUILD=OFF compiles every file alone, as an editor's tools want it.
option(OMNIQ_UNITY_BUILD "Compile several files at a time" ON)
function(omniq_compile_together target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${OMNIQ_UNITY_BUILD} UNITY_BUILD_BATCH_SIZE 4)
endfunction()
