// Regions of known instructions; prints what `firmware/run --count` has to find. The two are compared by
// classes.sh.
#include "fw.h"

static int region;

#define REGION(total, classes, text)                                                                         \
    do {                                                                                                     \
        fw_count_begin();                                                                                    \
        __asm volatile(text ::: "memory", "cc" CLOBBERED);                                                   \
        fw_count_end();                                                                                      \
        fw_print("%d %d " classes "\n", region++, total);                                                    \
    } while (0)

#if defined(__arm__)
#define CLOBBERED , "r0", "r1", "r2", "r3", "r4", "lr"
#else
#define CLOBBERED , "a0", "a1", "a2", "a3"
#endif

#if defined(__arm__)
static void core(void) {
    REGION(11, "alu 11",
           "movs r0, #0\nmov.w r1, #1\nadd.w r0, r1, r0, lsl #2\nubfx r2, r0, #1, #3\ncmp r0, r1\nit "
           "eq\nmoveq r0, r1\n"
           "clz r3, r0\nsxtb.w r0, r0\nlsl.w r0, r0, r1\nmovw r0, #1234");
    REGION(6, "multiply 6",
           "muls r0, r1, r0\nmul r0, r1, r2\nmla r0, r1, r2, r3\nmls r0, r1, r2, r3\nsmull r0, r1, r2, r3\n"
           "umlal r0, r1, r2, r3");
    REGION(2, "divide 2", "sdiv r0, r1, r1\nudiv r0, r1, r1");
    REGION(7, "load 7",
           "ldr r0, [sp]\nldr.w r0, [sp]\nldrb.w r0, [sp, #1]\nldrsb.w r0, [sp, #2]\nldrsh.w r0, [sp, #2]\n"
           "ldrd r0, r1, [sp]\nldr r0, [sp, #4]");
    REGION(3, "store 3", "str.w r0, [sp, #-16]\nstrb.w r0, [sp, #-16]\nstrd r0, r1, [sp, #-16]");
    REGION(4, "load-many 2 store-many 2",
           "push {r0, r1}\npop {r0, r1}\npush.w {r0-r4, r8}\npop.w {r0-r4, r8}");
    REGION(6, "alu 1 branch 5",
           "movs r0, #0\nb 1f\n1:\nb.w 1f\n1:\nbeq.w 1f\n1:\ncbnz r0, 1f\ncbz r0, 1f\nnop\n1:");
    REGION(2, "other 2", "nop\ndsb");
}
#endif

#if defined(__ARM_FEATURE_DSP)
static void dsp(void) {
    REGION(4, "dsp 4",
           "smlad r0, r1, r2, r3\nsmulbb r0, r1, r2\nsmmla r0, r1, r2, r3\nsmlald r0, r1, r2, r3");
    REGION(3, "alu 3", "sxtb16 r0, r1\npkhbt r0, r1, r2\nssat r0, #8, r1");
}
#else
static void dsp(void) {}
#endif

#if defined(__arm__) && defined(__ARM_FP)
static void floats(void) {
    REGION(6, "float 6",
           "vadd.f32 s0, s1, s2\nvmul.f32 s0, s1, s2\nvcvt.f32.s32 s0, s0\nvmov r0, s0\nvcmp.f32 s0, "
           "s1\nvneg.f32 s0, s0");
    REGION(3, "float-fused 3", "vfma.f32 s0, s1, s2\nvmla.f32 s0, s1, s2\nvfms.f32 s0, s1, s2");
    REGION(2, "float-divide 2", "vdiv.f32 s0, s1, s2\nvsqrt.f32 s0, s1");
    REGION(3, "float-memory 3", "vldr s0, [sp]\nvpush {s0-s3}\nvpop {s0-s3}");
}
#else
static void floats(void) {}
#endif

#if defined(__ARM_FEATURE_MVE)
static void vectors(void) {
    REGION(14, "vector 14",
           "vadd.i32 q0, q1, q2\nvadd.f32 q0, q1, q2\nvaddv.s8 r0, q1\nvaddva.s32 r0, q1\nvmaxv.s8 r0, q1\n"
           "vdup.32 q0, r0\nvmov q0[2], q0[0], r0, r1\nvmov.32 r0, q0[1]\nvshl.s32 q0, q0, q1\nvrshl.s32 q0, "
           "q1\n"
           "vmovlb.s8 q0, q1\nvmin.s8 q0, q1, q2\nvqmovnb.s16 q0, q1\nvmov.i32 q0, #0");
    REGION(16, "vector-multiply 16",
           "vmladav.s8 r0, q0, q1\nvmladava.s8 r0, q0, q1\nvmladava.s16 r0, q0, q1\nvmladava.s32 r0, q0, q1\n"
           "vmladava.u8 r0, q0, q1\nvmlaldava.s16 r0, r1, q0, q1\nvmul.i32 q0, q1, q2\nvmul.f32 q0, q1, q2\n"
           "vmul.f32 q0, q1, r0\nvfma.f32 q0, q1, q2\nvqrdmulh.s32 q0, q1, q2\nvqrdmulh.s32 q0, q1, r0\n"
           "vmla.s32 q0, q1, r0\nvmullb.s8 q0, q1, q2\nvmulh.s32 q0, q1, q2\nvmul.i16 q0, q1, r0");
    REGION(5, "vector-memory 5",
           "vldrb.8 q0, [sp]\nvldrb.s32 q0, [r0]\nvldrw.32 q0, [sp]\nvstrb.8 q0, [sp, #-32]\nvld20.8 {q0, "
           "q1}, [sp]");
    REGION(4, "alu 1 branch 3", "movs r0, #2\ndls lr, r0\n1:\nle lr, 1b");
}
#else
static void vectors(void) {}
#endif

#if defined(__riscv)
static void core(void) {
    REGION(6, "alu 6", "li a0, 1\nlui a1, 5\nadd a0, a1, a0\nslli a0, a0, 3\nsltu a1, a0, a0\nmv a2, a0");
    REGION(2, "multiply 2", "mul a0, a1, a2\nmulh a0, a1, a2");
    REGION(2, "divide 2", "div a0, a1, a2\nremu a0, a1, a2");
    REGION(5, "load 5",
           "lw a0, 0(sp)\nlb a0, 1(sp)\nlhu a0, 2(sp)\n.option push\n.option norvc\nlw a0, 0(sp)\n.option "
           "pop\nlw a1, 64(sp)");
    REGION(3, "store 3", "sw a0, -16(sp)\nsb a0, -16(sp)\nsh a0, -16(sp)");
    REGION(3, "branch 3", "j 1f\n1:\nbeq a0, a1, 1f\n1:\nbeqz a0, 1f\n1:");
    REGION(1, "other 1", "fence");
}
#endif

int main(int argc, char **argv) {
    (void)argc, (void)argv;
    core();
    dsp();
    floats();
    vectors();
    return 0;
}
