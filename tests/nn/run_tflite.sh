#!/bin/sh
# run_tflite.sh PROGRAM FOLDER: runs PROGRAM with TensorFlow Lite's library, which is fetched into FOLDER. 77: not to be had.
root=$(cd "$(dirname "$0")/../.." && pwd)
library=$(sh "$root/tools/fetch-tflite" "$2") || exit $?
exec "$1" "$library"
