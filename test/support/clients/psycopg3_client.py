"""Test client: psycopg 3. The contract is in contract.ts."""
import json
import re
import sys

import psycopg
from psycopg.adapt import Loader


class AsText(Loader):
    def load(self, data):
        return bytes(data).decode()


COPY_OUT = re.compile(r"\s*copy\b.*\bto stdout", re.I | re.S)
# The types that psycopg would turn into Python objects, kept as the server wrote them (text results only).
TYPES = ("bool", "bytea", "int8", "int2", "int4", "oid", "json", "float4", "float8", "date", "time", "timestamp", "timestamptz",
         "interval", "timetz", "numeric", "jsonb")


def failure(error, phase):
    return {
        "ok": False,
        "phase": phase,
        "sqlstate": error.sqlstate,
        "message": error.diag.message_primary or str(error),
        "detail": error.diag.message_detail,
        "hint": error.diag.message_hint,
    }


def text(value):
    return None if value is None else str(value)


def main():
    script = json.load(sys.stdin)
    results = []
    try:
        connection = psycopg.connect(
            host=script["host"], port=script["port"], user=script["user"], password=script["password"],
            dbname=script["database"], sslmode=script["sslmode"], autocommit=True)
    except psycopg.Error as error:
        print(json.dumps([failure(error, "connect")]))
        return
    for name in TYPES:
        connection.adapters.register_loader(name, AsText)
    for statement in script["statements"]:
        form = statement["form"]
        try:
            with connection.cursor(binary=form == "binary") as cursor:
                if COPY_OUT.match(statement["sql"]):
                    with cursor.copy(statement["sql"].encode()) as copy:
                        data = b"".join(bytes(part) for part in copy).decode()
                    results.append({"ok": True, "columns": [], "rows": [line.split("\t") for line in data.splitlines()]})
                    continue
                cursor.execute(statement["sql"].encode(), prepare=form != "simple")
                while cursor.nextset():
                    pass
                columns = [column.name for column in cursor.description or []]
                rows = [[text(value) for value in row] for row in cursor.fetchall()] if cursor.description else []
                results.append({"ok": True, "columns": columns, "rows": rows})
        except psycopg.Error as error:
            results.append(failure(error, "statement"))
    connection.close()
    print(json.dumps(results))


main()
