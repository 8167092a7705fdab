"""Every model learns a thousand rows in Python and in Node: the two files have the same bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from node import needs_package, run_script
from thousand_rows import MODULES, learn_in_python

NODE = """
    import { readFileSync } from "node:fs";
    import { open } from "wasmstate";
    import { FileStore } from "wasmstate/node";
    for (const [name, rows] of Object.entries(JSON.parse(readFileSync("rows.json", "utf8")))) {
      const model = await open(new FileStore(`node/${name}`), { persist: "on-close" });
      for (const row of rows) await model.update(...row);
      await model.close();
    }
"""


@needs_package
def test_a_thousand_updates_leave_the_same_bytes(tmp_path: Path) -> None:
    rows = learn_in_python(tmp_path / "python")
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    (tmp_path / "node").mkdir()
    for name in rows:
        shutil.copy(MODULES / name, tmp_path / "node")
    run_script(NODE, tmp_path)
    for name in rows:
        in_node = (tmp_path / "node" / name).read_bytes()
        assert (tmp_path / "python" / name).read_bytes() == in_node, name
