"""The description for Kaitai Struct, compiled and run in Node: it reads what the library writes.

Run by ``make descriptions``, which installs the compiler in build/kaitai.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from wasmstate import Session, State, models

ROOT = Path(__file__).resolve().parents[2]
KAITAI = ROOT / "build" / "kaitai"
DESCRIPTION = ROOT / "docs" / "descriptions" / "wasmstate.ksy"
MADE = "make descriptions installs the compiler of Kaitai Struct"

_READ = """
const {readFileSync, writeFileSync} = require('fs');
const YAML = require(process.argv[2] + '/yaml');
const compiler = require(process.argv[2] + '/kaitai-struct-compiler');
const KaitaiStream = require(process.argv[2] + '/kaitai-struct/KaitaiStream');
(async () => {
  const description = YAML.parse(readFileSync(process.argv[3], 'utf-8'));
  const files = await compiler.compile('javascript', description, null, false);
  writeFileSync('Wasmstate.js', files['Wasmstate.js']);
  process.env.NODE_PATH = process.argv[2];
  require('module').Module._initPaths();
  const {Wasmstate} = require(process.cwd() + '/Wasmstate.js');
  const bytes = readFileSync(process.argv[4]);
  const module = new Wasmstate(new KaitaiStream(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)));
  const hex = (part) => Buffer.from(part).toString('hex');
  const told = ({header, regions, trailer, schema}) => ({
    generation: header.generation, updates: header.updateCount, keep: header.keep,
    state: hex(header.stateDigest), end: trailer.generation === header.generation,
    tensors: JSON.parse(schema).tensors.map(({name}) => name),
    regions: regions.map((region) => hex(region.content)),
  });
  const found = {};
  for (const {content} of module.sections.filter(({id}) => id === 0)) {
    if (content.name === 'wasmstate.state') found.state = told(content.content);
    if (content.name === 'wasmstate.prev') found.prev = content.content.entries.map(told);
  }
  console.log(JSON.stringify(found));
})();
"""


@pytest.mark.skipif(not (KAITAI / "node_modules").exists(), reason=MADE)
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_records_and_regions_are_those_of_the_library(tmp_path: Path) -> None:
    path = tmp_path / "model.wasm"
    models.new("thompson", arms=3, seed=7).save(path)
    with Session.open(path, keep=3) as session:
        for reward in (1.0, 0.0, 1.0):
            session.update(1, reward)
    (tmp_path / "read.js").write_text(_READ)
    done = subprocess.run(
        ["node", "read.js", str(KAITAI / "node_modules"), str(DESCRIPTION), str(path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    state = State.open(path)
    assert found["state"] == {
        "generation": 3,
        "updates": 3,
        "keep": 3,
        "state": state.digest.hex(),
        "end": True,
        "tensors": list(state),
        "regions": [region.hex() for region in state.contents()],
    }
    assert [record["generation"] for record in found["prev"]] == [0, 1, 2]
