#!/bin/sh
# run_onnx.sh PROGRAM FOLDER [MORE...]: runs PROGRAM with onnxruntime, which is fetched into FOLDER. 77: not to be had.
root=$(cd "$(dirname "$0")/../.." && pwd)
program=$1
package=$(sh "$root/tools/fetch-onnxruntime" "$2") || exit $?
shift 2
exec "$program" "$package" "$@"
