#include "lib/proto/pb_names.h"

#include <string.h>

enum { LONGEST = 64 };

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

/* Levenshtein's distance; very long words are never near. */
static size_t distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    size_t row[LONGEST + 1];

    if (la > LONGEST || lb > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t above = row[j];
            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[lb];
}

struct pb_nearest pb_nearest_start(const char *word)
{
    /* A third of the letters may be wrong, and one always. */
    return (struct pb_nearest){.word = word, .distance = strlen(word) / 3 + 2};
}

void pb_nearest_try(struct pb_nearest *n, const char *candidate, const char *answer)
{
    size_t d = distance(n->word, candidate);
    if (d < n->distance) {
        n->distance = d;
        n->answer = answer;
    }
}
