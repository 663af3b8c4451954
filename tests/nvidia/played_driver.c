/* A driver of NVIDIA's that is played: what GStreamer's plugin and PyNvVideoCodec ask of libcuda, libnvcuvid, libnvrtc and
 * libnvidia-encode. Memory is memory and a copy is a copy; kernels do nothing, and what is decoded is grey. What is missing here does
 * nothing, and is added when it is compiled.
 * PLAYED_NVDEC=full: all of the engine's sessions are taken. PLAYED_NVDEC=lost: the engine dies after ten pictures.
 * PLAYED_SIZE=640x360: of the pictures, for who has the driver read the stream. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long device_pointer;
enum { OK, OUT_OF_MEMORY = 2, UNKNOWN = 999 };
enum { HOST = 1, H264 = 4, PITCH = 4096, ROWS = 4096 * 3 / 2 };

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
/* The real one knows what it has given out, and refuses the rest; nothing is given back here. */
int cuMemFree_v2(device_pointer made) { return OK; }
int cuMemAllocAsync(device_pointer *made, size_t bytes, void *stream) { return cuMemAlloc_v2(made, bytes); }
int cuMemcpyDtoH_v2(void *to, device_pointer from, size_t bytes) { memcpy(to, (void *)(size_t)from, bytes); return OK; }
int cuMemcpyDtoHAsync_v2(void *to, device_pointer from, size_t bytes, void *stream) { return cuMemcpyDtoH_v2(to, from, bytes); }
int cuMemcpyHtoD_v2(device_pointer to, const void *from, size_t bytes) { memcpy((void *)(size_t)to, from, bytes); return OK; }
int cuPointerGetAttribute(void *value, int which, device_pointer of) { return UNKNOWN; }
int cuDevicePrimaryCtxRetain(void **made, int device) { *made = (void *)1; return OK; }
int cuStreamGetCtx(void *stream, void **context) { *context = (void *)1; return OK; }
int cuEventCreate(void **made, unsigned flags) { *made = (void *)1; return OK; }
int NvEncodeAPIGetMaxSupportedVersion(unsigned *version) { *version = 13 << 4; return OK; }
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

struct parser {
    int codec; unsigned surfaces, clock, threshold, delay, flags, reserved[4];
    void *user; int (*sequence)(void *, void *); int (*decode)(void *, void *); int (*display)(void *, void *); void *more[8];
};
/* As it was asked for, and what it has found. */
struct reader { struct parser asked; unsigned width, height, count; };
struct sequence {
    int codec; unsigned pictures, seconds; unsigned char progressive, luma_minus_8, chroma_minus_8, surfaces;
    unsigned width, height; int left, top, right, bottom; int chroma; unsigned bits; int aspect[2]; unsigned char signal[4];
    unsigned header_bytes;
};
struct shown { int number, progressive, top_first, repeat; long long timestamp; };
struct packet { unsigned long flags, bytes; const unsigned char *content; long long timestamp; };

int cuvidCreateVideoParser(void **made, const struct parser *wanted)
{
    struct reader *reader = calloc(1, sizeof *reader);
    reader->asked = *wanted;
    *made = reader;
    return OK;
}
int cuvidDestroyVideoParser(void *parser) { free(parser); return OK; }
/* Whether it begins as the engine wants it (Annex B), with what the stream is: the sequence parameters of H.264 or H.265. */
static int begins(const struct parser *parser, const struct packet *given)
{
    for (const unsigned char *at = given->content; at + 4 < given->content + given->bytes; at++)
        if (!at[0] && !at[1] && at[2] == 1 && (parser->codec == H264 ? (at[3] & 31) == 7 : (at[3] >> 1 & 63) == 33)) return 1;
    return 0;
}
int cuvidParseVideoData(void *made, const struct packet *given)
{
    struct reader *reader = made;
    const struct parser *parser = &reader->asked;
    char picture[16384] = {0};
    int number = reader->count % 4;
    struct shown shown = {number, 1, 0, 0, given->timestamp};
    if (!given->bytes || (!reader->width && !begins(parser, given))) return OK;
    if (!reader->width) {
        sscanf(getenv("PLAYED_SIZE"), "%ux%u", &reader->width, &reader->height);
        struct sequence sequence = {
            .codec = parser->codec, .pictures = 25, .seconds = 1, .progressive = 1, .surfaces = 4, .chroma = 1,
            .width = (reader->width + 15) / 16 * 16, .height = (reader->height + 15) / 16 * 16,
            .right = reader->width, .bottom = reader->height
        };
        if (!parser->sequence(parser->user, &sequence)) return UNKNOWN;
    }
    /* Its third number says where the picture is kept. */
    ((int *)picture)[2] = number;
    reader->count++;
    if (!parser->decode(parser->user, picture)) return UNKNOWN;
    if (parser->display) parser->display(parser->user, &shown);
    return OK;
}
