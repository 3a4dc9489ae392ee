# Writes OUT from IN, with the commit of SOURCE_DIR; untouched where nothing has changed, so that nothing is rebuilt.
#   cmake -D GIT=… -D SOURCE_DIR=… -D IN=… -D OUT=… -D PROJECT_VERSION=… -D COMPILER=… -D BUILD_TYPE=… -D CUDA=… -P …
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} rev-parse --short HEAD
                  OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
configure_file(${IN} ${OUT} @ONLY)
