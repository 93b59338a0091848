"""What graphql-core says of documents: JSON strings on standard input, a line each; null or the error on standard output.

Run by any Python that has it, so it needs nothing else. First line out: the version."""
import json
import sys

import graphql


def verdict(document):
    try:
        graphql.parse(document)
    except graphql.GraphQLError as error:
        return {"message": error.message, "position": (error.positions or [None])[0]}
    except (IndexError, TypeError) as error:
        # Its own slips at the end of a text that breaks off within an escape: wrong all the same, but no reason given.
        return {"message": None, "position": None, "slip": repr(error)}
    return None


def main():
    print(json.dumps(getattr(graphql, "version", None) or graphql.__version__))
    for line in sys.stdin:
        print(json.dumps(verdict(json.loads(line))))


main()
