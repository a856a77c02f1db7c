#!/usr/bin/env bash
# mlcroissant 1.1.1 beside pandas 3: whole numbers of a column with nulls lose digits; text comes as bytes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet mlcroissant==1.1.1 pandas==3.1.1 pyarrow==26.0.1
cd "$folder" && env -u PYTHONPATH "$folder/venv/bin/python" - <<'PYTHON'
import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import mlcroissant
import pyarrow as pa
import pyarrow.parquet as pq

print("mlcroissant", version("mlcroissant"), "pandas", version("pandas"))
EXACT = 2**53 + 1
pq.write_table(pa.table({"run": pa.array([EXACT, None], pa.int64()), "name": ["a", "b"]}), "table.parquet")
assert pq.read_table("table.parquet")["run"].to_pylist() == [EXACT, None]


def field(name, kind):
    source = {"fileObject": {"@id": "table.parquet"}, "extract": {"column": name}}
    return {"@type": "cr:Field", "@id": f"rows/{name}", "name": name, "dataType": kind, "source": source}


described = {
    "@context": {
        "@language": "en",
        "@vocab": "https://schema.org/", "sc": "https://schema.org/", "cr": "http://mlcommons.org/croissant/",
        "dct": "http://purl.org/dc/terms/", "conformsTo": "dct:conformsTo",
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "column": "cr:column", "extract": "cr:extract",
        "field": "cr:field", "fileObject": "cr:fileObject", "recordSet": "cr:recordSet", "source": "cr:source",
    },
    "@type": "sc:Dataset", "name": "example", "description": "Two rows.", "version": "1.0.0", "url": "https://example.org",
    "conformsTo": "http://mlcommons.org/croissant/1.0", "license": "https://opensource.org/license/mit",
    "distribution": [{
        "@type": "cr:FileObject", "@id": "table.parquet", "name": "table.parquet", "contentUrl": "table.parquet",
        "encodingFormat": "application/x-parquet",
        "sha256": hashlib.sha256(Path("table.parquet").read_bytes()).hexdigest(),
    }],
    "recordSet": [{
        "@type": "cr:RecordSet", "@id": "rows", "name": "rows",
        "field": [field("run", "sc:Integer"), field("name", "sc:Text")],
    }],
}
Path("croissant.json").write_text(json.dumps(described))
first = next(iter(mlcroissant.Dataset("croissant.json").records("rows")))
print(f"written: {EXACT} and 'a'; read: {first}")
assert int(first["rows/run"]) == EXACT - 1, "the number is exact now"
assert first["rows/name"] == b"a", "text is text now"
print("Why it matters: a table with nullable counts that is published with Croissant metadata comes back changed, and a")
print("test that compares small numbers does not see it. Check values beyond 2**53, and compare text after decoding.")
PYTHON
