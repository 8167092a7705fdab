meta:
  id: wasmstate
  title: WebAssembly module that carries its state
  file-extension: wasm
  endian: le
  encoding: UTF-8
  license: Apache-2.0
doc: |
  The sections of a module; of those of wasmstate every field of every record. What the bytes of a
  region mean is said by the schema, which is JSON. Checksums are not verified.
doc-ref: docs/format.md
seq:
  - id: magic
    contents: [0x00, 0x61, 0x73, 0x6d]
  - id: version
    type: u4
  - id: sections
    type: section
    repeat: eos
types:
  uleb128:
    seq:
      - id: groups
        type: u1
        repeat: until
        repeat-until: (_ & 0x80) == 0
    instances:
      value:
        value: >-
          (groups[0] & 0x7f)
          + (groups.size > 1 ? (groups[1] & 0x7f) * 0x80 : 0)
          + (groups.size > 2 ? (groups[2] & 0x7f) * 0x4000 : 0)
          + (groups.size > 3 ? (groups[3] & 0x7f) * 0x200000 : 0)
          + (groups.size > 4 ? (groups[4] & 0x7f) * 0x10000000 : 0)
  section:
    seq:
      - id: id
        type: u1
      - id: size
        type: uleb128
      - id: content
        size: size.value
        type:
          switch-on: id
          cases:
            0: custom
  custom:
    seq:
      - id: name_size
        type: uleb128
      - id: name
        type: str
        size: name_size.value
      - id: content
        size-eos: true
        type:
          switch-on: name
          cases:
            '"wasmstate.init"': record
            '"wasmstate.prev"': records
            '"wasmstate.state"': record
  records:
    seq:
      - id: entries
        type: record
        repeat: eos
  record:
    seq:
      - id: header
        type: header
      - id: newer_fields
        doc: of a newer minor version
        size: header.header_length - 256
      - id: regions
        type: region
        repeat: expr
        repeat-expr: header.region_count
      - id: schema
        type: str
        size: header.schema_length
      - id: padding
        size: header.payload_offset - header.header_length - 40 * header.region_count - header.schema_length
      - id: payload
        type: payload
        size: header.payload_length
      - id: trailer
        type: trailer
  header:
    seq:
      - id: magic
        contents: [0x89, 0x57, 0x53, 0x54, 0x0d, 0x0a, 0x1a, 0x0a]
      - id: major
        type: u2
      - id: minor
        type: u2
      - id: incompatible_flags
        type: u4
      - id: read_only_flags
        type: u4
      - id: header_length
        type: u4
      - id: generation
        type: u8
      - id: region_offset
        type: u4
      - id: region_count
        type: u4
      - id: region_crc32
        type: u4
      - id: schema_length
        type: u4
      - id: schema_crc32
        type: u4
      - id: payload_crc32
        type: u4
      - id: payload_offset
        type: u8
      - id: payload_length
        type: u8
      - id: update_count
        type: u8
      - id: module_digest
        size: 32
      - id: state_digest
        size: 32
      - id: parent_digest
        size: 32
      - id: base_digest
        size: 32
      - id: keep
        type: u4
      - id: reserved
        size: 40
      - id: crc32
        type: u4
  region:
    seq:
      - id: kind
        type: u4
        enum: region_kind
      - id: index
        type: u4
      - id: address
        type: u8
      - id: length
        type: u8
      - id: payload_offset
        type: u8
      - id: crc32
        type: u4
      - id: reserved
        type: u4
    instances:
      content:
        io: _parent.payload._io
        pos: payload_offset
        size: length
  payload: {}
  trailer:
    seq:
      - id: magic
        contents: "WSTEND\r\n"
      - id: generation
        type: u8
      - id: content_length
        type: u8
      - id: header_crc32
        type: u4
      - id: crc32
        type: u4
enums:
  region_kind:
    0: memory_range
    1: global
    2: whole_memory
