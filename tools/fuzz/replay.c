/* A plain main for fuzz targets: gives each file of its arguments (folders: each file in them) to the target once.
 *
 * Files ending in .hex are text: hexadecimal digits, anything in white space, `#` to the end of the line is a comment,
 * "…" is text with \r \n \\ \". So a corpus can be read and reviewed. With `--raw FOLDER` first, every input is also
 * written there as plain bytes, which is what libFuzzer wants.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char *raw_folder;
static unsigned replayed;

static int digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_quoted(FILE *f, struct buf *b)
{
    for (int c; (c = getc(f)) != EOF;) {
        if (c == '"')
            return true;
        if (c == '\\') {
            c = getc(f);
            c = c == 'r' ? '\r' : c == 'n' ? '\n' : c;
        }
        buf_add(b, &(uint8_t){(uint8_t)c}, 1);
    }
    return false;
}

static bool read_hex(FILE *f, struct buf *b)
{
    int high = -1;
    for (int c; (c = getc(f)) != EOF;) {
        if (c == '#') {
            while ((c = getc(f)) != EOF && c != '\n')
                ;
        } else if (c == '"') {
            if (high >= 0 || !read_quoted(f, b))
                return false;
        } else if (digit(c) >= 0) {
            if (high < 0) {
                high = digit(c);
                continue;
            }
            buf_add(b, &(uint8_t){(uint8_t)(high << 4 | digit(c))}, 1);
            high = -1;
        } else if (!strchr(" \t\r\n", c)) {
            return false;
        }
    }
    return high < 0;
}

static void read_raw(FILE *f, struct buf *b)
{
    size_t n;
    do {
        n = fread(buf_reserve(b, 65536), 1, 65536, f);
        buf_added(b, n);
    } while (n);
}

static int write_raw(const char *path, const struct buf *b)
{
    const char *name = strrchr(path, '/');
    _cleanup_(freep) char *to = xasprintf("%s/%s.raw", raw_folder, name ? name + 1 : path);
    FILE *f = fopen(to, "wb");
    if (!f || fwrite(buf_data(b), 1, buf_len(b), f) != buf_len(b)) {
        fprintf(stderr, "%s: %s\n", to, strerror(errno));
        if (f)
            fclose(f);
        return 1;
    }
    return fclose(f) ? 1 : 0;
}

static int replay_file(const char *path)
{
    struct buf b = BUF_NULL;
    int r = 0;
    size_t len = strlen(path);
    FILE *f = fopen(path, "rb");
    if (!f) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    if (len < 4 || strcmp(path + len - 4, ".hex") != 0) {
        read_raw(f, &b);
    } else if (!read_hex(f, &b)) {
        fprintf(stderr, "%s: only pairs of hexadecimal digits, \"text\" and # comments may stand in a .hex file\n", path);
        r = 1;
    }
    fclose(f);
    if (r == 0) {
        if (raw_folder)
            r = write_raw(path, &b);
        /* A copy of the exact size, so that the sanitizer sees a read behind its end. */
        uint8_t *exact = malloc(buf_len(&b) ? buf_len(&b) : 1);
        memcpy(exact, buf_data(&b), buf_len(&b));
        LLVMFuzzerTestOneInput(exact, buf_len(&b));
        free(exact);
        replayed++;
    }
    buf_done(&b);
    return r;
}

static int replay(const char *path)
{
    struct stat st;
    int r = 0;
    if (stat(path, &st) < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    if (!S_ISDIR(st.st_mode))
        return replay_file(path);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        _cleanup_(freep) char *file = xasprintf("%s/%s", path, e->d_name);
        if (e->d_name[0] != '.')
            r |= replay_file(file);
    }
    if (d)
        closedir(d);
    return r;
}

int main(int argc, char **argv)
{
    int r = 0, i = 1;
    if (argc > 2 && !strcmp(argv[1], "--raw")) {
        raw_folder = argv[2];
        i = 3;
    }
    for (; i < argc; i++)
        r |= replay(argv[i]);
    if (!replayed) {
        fprintf(stderr, "usage: %s [--raw FOLDER] FILE_OR_FOLDER…: nothing was replayed\n", argv[0]);
        return 2;
    }
    printf("%u replayed\n", replayed);
    return r;
}
