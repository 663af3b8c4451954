/* A driver of NVIDIA's that is played: what GStreamer's plugin asks of libcuda, libnvcuvid and libnvrtc. Memory is memory and a copy
 * is a copy; kernels do nothing, and what is decoded is grey. What is missing here does nothing, and is added when it is compiled.
 * PLAYED_NVDEC=full: all of the engine's sessions are taken. PLAYED_NVDEC=lost: the engine dies after ten pictures. */
#include <stdlib.h>
#include <string.h>

typedef unsigned long long device_pointer;
enum { OK, OUT_OF_MEMORY = 2, UNKNOWN = 999 };
enum { HOST = 1, PITCH = 4096, ROWS = 4096 * 3 / 2 };

struct copy {
    size_t from_x, from_y; int from_kind; const void *from_host; device_pointer from_device; void *from_array; size_t from_pitch;
    size_t to_x, to_y; int to_kind; void *to_host; device_pointer to_device; void *to_array; size_t to_pitch;
    size_t width, height;
};
struct capabilities {
    int codec, chroma; unsigned depth_minus_8, reserved[3]; unsigned char is_supported, engines; unsigned short formats;
    unsigned max_width, max_height, max_blocks; unsigned short min_width, min_height;
};

static const char *mood(void) { const char *told = getenv("PLAYED_NVDEC"); return told ? told : ""; }

int cuInit(unsigned flags) { return OK; }
int cuDriverGetVersion(int *version) { *version = 12040; return OK; }
int cuDeviceGetCount(int *count) { *count = 1; return OK; }
int cuDeviceGet(int *device, int number) { *device = 0; return OK; }
int cuDeviceGetName(char *name, int room, int device) { strncpy(name, "played", room); return OK; }
/* 75 and 76 ask for the compute capability; the rest, such as alignments, is content with this. */
int cuDeviceGetAttribute(int *value, int which, int device) { *value = which == 75 ? 8 : which == 76 ? 6 : 512; return OK; }
int cuCtxCreate_v2(void **made, unsigned flags, int device) { *made = (void *)1; return OK; }
int cuCtxPopCurrent_v2(void **popped) { if (popped) *popped = (void *)1; return OK; }
int cuGetErrorName(int error, const char **name) { *name = "PLAYED"; return OK; }
int cuGetErrorString(int error, const char **words) { *words = "played"; return OK; }
int cuMemAlloc_v2(device_pointer *made, size_t bytes) { *made = (device_pointer)(size_t)calloc(1, bytes); return OK; }
int cuMemAllocPitch_v2(device_pointer *made, size_t *pitch, size_t width, size_t height, unsigned element)
{
    *pitch = (width + 511) / 512 * 512;
    return cuMemAlloc_v2(made, *pitch * height);
}
int cuMemFree_v2(device_pointer made) { free((void *)(size_t)made); return OK; }
int cuMemAllocHost_v2(void **made, size_t bytes) { *made = calloc(1, bytes); return OK; }
int cuMemFreeHost(void *made) { free(made); return OK; }
int cuMemcpy2D_v2(const struct copy *wanted)
{
    const char *from = wanted->from_kind == HOST ? wanted->from_host : (void *)(size_t)wanted->from_device;
    char *to = wanted->to_kind == HOST ? wanted->to_host : (void *)(size_t)wanted->to_device;
    from += wanted->from_y * wanted->from_pitch + wanted->from_x;
    to += wanted->to_y * wanted->to_pitch + wanted->to_x;
    for (size_t row = 0; row < wanted->height; row++)
        memcpy(to + row * wanted->to_pitch, from + row * wanted->from_pitch, wanted->width);
    return OK;
}
int cuMemcpy2DAsync_v2(const struct copy *wanted, void *stream) { return cuMemcpy2D_v2(wanted); }
int cuStreamCreate(void **made, unsigned flags) { *made = (void *)1; return OK; }
int cuTexObjectCreate(device_pointer *made, void *a, void *b, void *c) { *made = 1; return OK; }
int cuModuleLoadData(void **made, const void *image) { *made = (void *)1; return OK; }
int cuModuleGetFunction(void **made, void *module, const char *name) { *made = (void *)1; return OK; }
int nvrtcCreateProgram(void **made) { *made = (void *)1; return OK; }
int nvrtcGetPTXSize(void *program, size_t *bytes) { *bytes = 1; return OK; }
int nvrtcGetPTX(void *program, char *text) { *text = 0; return OK; }

int cuvidGetDecoderCaps(struct capabilities *asked)
{
    asked->is_supported = asked->depth_minus_8 == 0 && asked->chroma == 1;
    asked->engines = asked->formats = 1;
    asked->max_width = asked->max_height = 4096;
    asked->max_blocks = 65536;
    asked->min_width = asked->min_height = 48;
    return OK;
}
int cuvidCreateDecoder(void **made, void *wanted)
{
    *made = (void *)1;
    return strcmp(mood(), "full") ? OK : OUT_OF_MEMORY;
}
int cuvidDecodePicture(void *decoder, void *picture)
{
    static int decoded;
    return !strcmp(mood(), "lost") && ++decoded > 10 ? UNKNOWN : OK;
}
int cuvidMapVideoFrame64(void *decoder, int number, device_pointer *frame, unsigned *pitch, void *how)
{
    static char *grey;
    if (!grey) memset(grey = malloc(PITCH * ROWS), 128, PITCH * ROWS);
    *frame = (device_pointer)(size_t)grey;
    *pitch = PITCH;
    return OK;
}
