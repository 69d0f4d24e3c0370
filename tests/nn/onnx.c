#include "onnx.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    pid_t process;
    FILE *to, *from;
} server;

static void become_node(int in, int out, const char *package) {
    dup2(in, 0);
    dup2(out, 1);
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    execlp("node", "node", STP_NN_DIR "/onnx_server.js", package, (char *)NULL);
    perror("node");
    _exit(127);
}

bool onnx_open(const char *package) {
    int requests[2], answers[2];
    if (pipe(requests) != 0 || pipe(answers) != 0 || (server.process = fork()) < 0) {
        perror("onnxruntime");
        return false;
    }
    if (server.process == 0)
        become_node(requests[0], answers[1], package);
    close(requests[0]);
    close(answers[1]);
    signal(SIGPIPE, SIG_IGN); // a server that died is an answer that does not come
    server.to = fdopen(requests[1], "wb");
    server.from = fdopen(answers[0], "rb");
    return server.to && server.from;
}

void onnx_close(void) {
    fclose(server.to); // which ends the server
    fclose(server.from);
    waitpid(server.process, NULL, 0);
}

static bool refuse(uint32_t bytes) {
    char text[1024] = "";
    const size_t room = bytes < sizeof text ? bytes : sizeof text - 1;
    const size_t got = fread(text, 1, room, server.from);
    fprintf(stderr, "onnxruntime: %.*s\n", (int)got, text);
    return false;
}

static bool ask(const void *model, size_t bytes, const float *input, size_t values, float *output,
                size_t output_values) {
    const uint32_t head[2] = {(uint32_t)bytes, (uint32_t)values};
    uint32_t answer[2];
    fwrite(head, sizeof head, 1, server.to);
    if (bytes)
        fwrite(model, 1, bytes, server.to);
    if (values)
        fwrite(input, sizeof *input, values, server.to);
    if (fflush(server.to) != 0 || fread(answer, sizeof answer, 1, server.from) != 1) {
        fprintf(stderr, "onnxruntime does not answer\n");
        return false;
    }
    if (answer[0] != 0)
        return refuse(answer[1]);
    if (answer[1] != output_values) {
        fprintf(stderr, "onnxruntime gives %u values, not %zu\n", (unsigned)answer[1], output_values);
        return false;
    }
    return fread(output, sizeof *output, output_values, server.from) == output_values;
}

bool onnx_load(const void *model, size_t bytes, int *in_floats) {
    float left = 0;
    if (!ask(model, bytes, NULL, 0, &left, 1))
        return false;
    if (in_floats)
        *in_floats = (int)left;
    return true;
}

bool onnx_run(const float *input, size_t values, float *output, size_t output_values) {
    return ask(NULL, 0, input, values, output, output_values);
}
