// Runs .onnx files with onnxruntime for a test that writes to its standard input and reads what it answers (onnx.c).
//   node onnx_server.js PACKAGE
// A request: model bytes (0: the model before), input floats, both uint32; the model; the floats. An answer: 0 and a number of
// floats, uint32; the floats; or 1, a number of bytes, and what is wrong. Floats of a model: how many operators that have an
// integer form were left in floats.
'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');
const ort = require(path.resolve(process.argv[2]));

const options = {
    graphOptimizationLevel: 'all',
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // products of uint8 and int8 in pairs overflow 16 bits on x86 without VNNI, and onnxruntime does that unless it is told
    extra: {session: {x64quantprecision: '1'}},
};
const integerForm = ['Conv', 'Gemm', 'Add', 'Concat', 'AveragePool', 'GlobalAveragePool'];

function read(bytes) {
    const data = Buffer.alloc(bytes);
    for (let have = 0; have < bytes;) {
        const more = fs.readSync(0, data, have, bytes - have, null);
        if (more === 0) process.exit(0);
        have += more;
    }
    return data;
}

function write(data) {
    for (let done = 0; done < data.length;) done += fs.writeSync(1, data, done);
}

function answer(status, count, data) {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(status, 0);
    head.writeUInt32LE(count, 4);
    write(Buffer.concat([head, data]));
}

// A node's operator is its field 4: a key, a length, the text.
function count(model, op) {
    const field = Buffer.concat([Buffer.from([4 << 3 | 2, op.length]), Buffer.from(op)]);
    let found = 0;
    for (let at = model.indexOf(field); at >= 0; at = model.indexOf(field, at + 1)) found++;
    return found;
}

async function load(model) {
    const optimized = path.join(os.tmpdir(), `stapes-onnx-${process.pid}`);
    const session = await ort.InferenceSession.create(model, {...options, optimizedModelFilePath: optimized});
    const left = fs.readFileSync(optimized);
    fs.unlinkSync(optimized);
    return [session, integerForm.reduce((sum, op) => sum + count(left, op), 0)];
}

async function run(session, floats) {
    const shape = session.inputMetadata[0].shape.slice(1);
    const values = new Float32Array(floats.buffer, floats.byteOffset, floats.length / 4);
    const clips = values.length / shape.reduce((a, b) => a * b, 1);
    const input = new ort.Tensor('float32', values, [clips, ...shape]);
    const output = (await session.run({[session.inputNames[0]]: input}))[session.outputNames[0]];
    return Buffer.from(output.data.buffer, output.data.byteOffset, output.data.byteLength);
}

async function main() {
    for (let session = null;;) {
        const head = read(8);
        const modelBytes = head.readUInt32LE(0), floats = head.readUInt32LE(4);
        const model = read(modelBytes), input = read(4 * floats);
        try {
            let left = 0;
            if (modelBytes > 0) [session, left] = await load(model);
            const result = floats > 0 ? await run(session, input) : Buffer.from(new Float32Array([left]).buffer);
            answer(0, result.length / 4, result);
        } catch (what) {
            const text = Buffer.from(String(what.message).slice(0, 1000));
            answer(1, text.length, text);
        }
    }
}

main();
