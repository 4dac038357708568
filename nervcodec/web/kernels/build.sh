#!/bin/sh
# Compiles the kernels to nervcodec/web/kernels.wasm; needs clang and lld.
cd "$(dirname "$0")" || exit
clang --target=wasm32 -O3 -msimd128 -mbulk-memory -mnontrapping-fptoint -Wall -Wextra -Werror \
    -fvisibility=hidden -nostdlib -Wl,--no-entry -Wl,--export-dynamic -Wl,--export=__heap_base -Wl,--strip-all \
    -o ../kernels.wasm ./*.c &&
    sha256sum build.sh ./*.c ./*.h ../kernels.wasm > built.sha256
