#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "fakegitlab/graphql/graphql.h"
#include "fakegitlab/graphql/parse.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

static const struct gql_parse_limits roomy = {.document = 1 << 20, .tokens = 15000, .nesting = 200};

static struct gql_document *parsed(struct arena *a, const char *text)
{
    struct gql_error error;
    struct gql_document *d = gql_parse(a, text, strlen(text), &roomy, &error);
    if (!d)
        fail_msg("%s: %s at %u:%u", text, error.message, error.place.line, error.place.column);
    return d;
}

static void shape(void **state)
{
    _cleanup_(arena_done) struct arena a = ARENA_NULL;
    (void)state;
    const struct gql_document *d = parsed(&a, "query Q($a: [ID!]! = [1], $b: Boolean) @d { x: y(a: $a, o: {k: E}) { id } ...F\n"
                                              " ... on T @skip(if: $b) { z } }\nfragment F on T { on }");
    const struct gql_operation *o = d->operations;
    assert_string_equal(o->name, "Q");
    assert_string_equal(o->variables->type, "[ID!]!");
    assert_string_equal(o->variables->type_name, "ID");
    assert_int_equal(o->variables->value->kind, GQL_VALUE_LIST);
    assert_string_equal(o->directives->name, "d");
    const struct gql_selection *s = o->selections;
    assert_string_equal(s->key, "x");
    assert_string_equal(s->name, "y");
    assert_string_equal(s->arguments->value->text, "a");
    assert_int_equal(s->arguments->next->value->fields->value->kind, GQL_VALUE_ENUM);
    assert_string_equal(s->selections->name, "id");
    assert_int_equal(s->next->kind, GQL_SPREAD_OF);
    assert_int_equal(s->next->next->kind, GQL_INLINE);
    assert_string_equal(s->next->next->on, "T");
    assert_int_equal(s->next->next->place.line, 2);
    assert_int_equal(s->next->next->place.column, 2);
    assert_string_equal(gql_fragment(d, "F")->selections->name, "on");
    assert_null(gql_fragment(d, "G"));
}

static void one_string(const char *literal, const char *want, size_t want_len)
{
    _cleanup_(arena_done) struct arena a = ARENA_NULL;
    const struct gql_document *d = parsed(&a, arena_printf(&a, "{a(b:%s)}", literal));
    const struct gql_value *v = d->operations->selections->arguments->value;
    assert_int_equal(v->kind, GQL_VALUE_STRING);
    if (v->len != want_len || memcmp(v->text, want, want_len) != 0)
        fail_msg("%s is read as \"%s\"", literal, v->text);
}
#define STRING(literal, want) one_string(literal, want, sizeof(want) - 1)

static void strings(void **state)
{
    (void)state;
    STRING("\"\"", "");
    STRING("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a\"\\/\b\f\n\r\t");
    STRING("\"\\u00e9\\u{e9}\\u{1F600}\\uD83D\\uDE00\"", "\xc3\xa9\xc3\xa9\xf0\x9f\x98\x80\xf0\x9f\x98\x80");
    STRING("\"\\u0000x\"", "\0x");
    STRING("\"\xe2\x98\xba # no comment\"", "\xe2\x98\xba # no comment");
}

static void block_strings(void **state)
{
    (void)state;
    STRING("\"\"\"\"\"\"", "");
    STRING("\"\"\"a\\\"\"\"b\\n\"\"\"", "a\"\"\"b\\n");
    STRING("\"\"\"\n\n    one\r\n      two\r\n\n   \"\"\"", "one\n  two");
    STRING("\"\"\"  first\n    second\n\tthird\"\"\"", "  first\n   second\nthird");
    STRING("\"\"\"\n  \n \"\"\"", "");
}

static void one_error(const char *text, unsigned line, unsigned column, const char *message)
{
    json_t *e = graphql_check(text, strlen(text), NULL);
    if (!e)
        fail_msg("%s is taken", text);
    const json_t *at = json_array_get(json_object_get(e, "locations"), 0);
    assert_string_equal(json_string_value(json_object_get(e, "message")) + strlen("Syntax Error: "), message);
    assert_int_equal(json_integer_value(json_object_get(at, "line")), line);
    assert_int_equal(json_integer_value(json_object_get(at, "column")), column);
    json_decref(e);
}

static void errors(void **state)
{
    (void)state;
    one_error("", 1, 1, "Unexpected <EOF>.");
    one_error("{", 1, 2, "Expected Name, found <EOF>.");
    one_error("{}", 1, 2, "Expected Name, found \"}\".");
    one_error("{ a\r\n\n  ( }", 3, 5, "Expected Name, found \"}\".");
    one_error("notAnOperation Foo { a }", 1, 1, "Unexpected Name \"notAnOperation\".");
    one_error("query ($a: Int = $b) { a }", 1, 18, "Unexpected variable \"$b\" in constant value.");
    one_error("fragment on on on { on }", 1, 10, "Unexpected Name \"on\".");
    one_error("{ ...on }", 1, 9, "Expected Name, found \"}\".");
    one_error("fragment F { a }", 1, 12, "Expected \"on\", found \"{\".");
    one_error("{ a(b: 00) }", 1, 9, "Invalid number, unexpected digit after 0: \"0\".");
    one_error("{ a(b: 1.x) }", 1, 10, "Invalid number, expected digit but got: \"x\".");
    one_error("{ a(b: '') }", 1, 8, "Unexpected single quote character ('), did you mean to use a double quote (\")?");
    one_error("{ \xc3\xa9\xc3\xa9 }", 1, 3, "Unexpected character: U+00E9.");
    one_error("{ a(b: \"\xc3\xa9\" ?) }", 1, 12, "Unexpected character: \"?\".");
    one_error("{ a(b: \"x\n\") }", 1, 10, "Unterminated string.");
    one_error("{ a(b: \"\"\"x\n\") }", 2, 5, "Unterminated string.");
    one_error("{ a(b: \"\\q\") }", 1, 9, "Invalid character escape sequence: \"\\q\".");
    one_error("{ a(b: \"\\uD800\") }", 1, 9, "Invalid Unicode escape sequence: \"\\uD800\".");
    one_error("{ a(b: \"\\u{110000}\") }", 1, 9, "Invalid Unicode escape sequence: \"\\u{110000}\".");
    one_error("\"described\" query { a }", 1, 1,
              "Unexpected description, descriptions are supported only on type definitions.");
    one_error("\xff", 1, 1, "Invalid character: byte 0xFF, which is no UTF-8.");
}

/* n times `open`, then what the limit is to say. */
static void too_much(const char *before, const char *open, unsigned n, const struct graphql_limits *limits,
                     const char *want)
{
    _cleanup_(buf_done) struct buf b = BUF_NULL;
    buf_addf(&b, "%s", before);
    for (unsigned i = 0; i < n; i++)
        buf_addf(&b, "%s", open);
    json_t *e = graphql_check((const char *)buf_data(&b), buf_len(&b), limits);
    assert_non_null(e);
    assert_string_equal(json_string_value(json_object_get(e, "message")), want);
    json_decref(e);
}

static void limits(void **state)
{
    (void)state;
    static const char deep[] = "Syntax Error: Document is nested deeper than 200. Parsing aborted.";
    too_much("", "{a", 100000, NULL, deep);
    too_much("{a(b:", "[", 100000, NULL, deep);
    too_much("{a(b:", "{a:", 80000, NULL, deep);
    too_much("query($a:", "[", 100000, NULL, deep);
    too_much("{", "a ", 100000, NULL, "Syntax Error: Document contains more than 15000 tokens. Parsing aborted.");
    too_much("{", "a ", 10, &(struct graphql_limits){.tokens = 5},
             "Syntax Error: Document contains more than 5 tokens. Parsing aborted.");
    too_much("{", "#", 300000, NULL, "Syntax Error: Document is larger than 262144 bytes.");
    too_much("", "{a", 3, &(struct graphql_limits){.nesting = 2},
             "Syntax Error: Document is nested deeper than 2. Parsing aborted.");
    assert_null(graphql_check("{a{a}}", 6, &(struct graphql_limits){.nesting = 2, .tokens = 6, .document = 6}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape),  cmocka_unit_test(strings), cmocka_unit_test(block_strings),
        cmocka_unit_test(errors), cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
