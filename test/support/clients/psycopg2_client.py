"""Test client: psycopg2 (simple protocol only). The contract is in contract.ts."""
import io
import json
import re
import sys

import psycopg2
import psycopg2.extensions as extensions

COPY_OUT = re.compile(r"\s*copy\b.*\bto stdout", re.I | re.S)
# The types that psycopg2 would turn into Python objects, kept as the server wrote them.
OIDS = (16, 17, 20, 21, 23, 26, 114, 700, 701, 1082, 1083, 1114, 1184, 1186, 1266, 1700, 3802)
ARRAYS = (199, 1000, 1001, 1005, 1007, 1009, 1015, 1016, 1021, 1022, 1115, 1182, 1185, 1187, 1231, 3807)
TEXT = extensions.new_type(OIDS + ARRAYS, "TEXT", lambda value, cursor: value)


def failure(error, phase):
    diag = getattr(error, "diag", None)
    return {
        "ok": False,
        "phase": phase,
        "sqlstate": error.pgcode if hasattr(error, "pgcode") else None,
        "message": (diag and diag.message_primary) or str(error),
        "detail": diag.message_detail if diag else None,
        "hint": diag.message_hint if diag else None,
    }


def main():
    script = json.load(sys.stdin)
    results = []
    try:
        connection = psycopg2.connect(
            host=script["host"], port=script["port"], user=script["user"], password=script["password"],
            dbname=script["database"], sslmode=script["sslmode"])
    except psycopg2.Error as error:
        print(json.dumps([failure(error, "connect")]))
        return
    connection.autocommit = True
    extensions.register_type(TEXT, connection)
    for statement in script["statements"]:
        try:
            with connection.cursor() as cursor:
                if COPY_OUT.match(statement["sql"]):
                    data = io.StringIO()
                    cursor.copy_expert(statement["sql"], data)
                    results.append({"ok": True, "columns": [], "rows": [line.split("\t") for line in data.getvalue().splitlines()]})
                    continue
                cursor.execute(statement["sql"])
                columns = [column.name for column in cursor.description or []]
                rows = [list(row) for row in cursor.fetchall()] if cursor.description else []
                results.append({"ok": True, "columns": columns, "rows": rows})
        except psycopg2.Error as error:
            results.append(failure(error, "statement"))
    connection.close()
    print(json.dumps(results))


main()
