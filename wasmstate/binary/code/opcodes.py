"""Every instruction: its opcode, its mnemonic in the text format, its immediates.

Source: WebAssembly Core 3.0, Binary Format, "Instructions", and Index of Instructions; proposals
for threads, legacy exception handling, wide arithmetic and custom descriptors.

One line an instruction, or a run of instructions whose opcodes follow one another and whose
immediates are the same; ``-`` stands for an opcode that is not in use. The immediates are named as
in :data:`wasmstate.binary.code.immediates.IMMEDIATES`.
"""

from __future__ import annotations

from typing import NamedTuple

_PLAIN = """
00 : unreachable nop
02 blocktype : block loop if
05 : else
06 blocktype : try
07 tagidx : catch throw
09 labelidx : rethrow
0a : throw_ref end
0c labelidx : br br_if
0e labels : br_table
0f : return
10 funcidx : call
11 typeidx tableidx : call_indirect
12 funcidx : return_call
13 typeidx tableidx : return_call_indirect
14 typeidx : call_ref return_call_ref
18 labelidx : delegate
19 : catch_all drop select
1c valtypes : select
1f blocktype catches : try_table
20 localidx : local.get local.set local.tee
23 globalidx : global.get global.set
25 tableidx : table.get table.set
28 memarg : i32.load i64.load f32.load f64.load
2c memarg : i32.load8_s i32.load8_u i32.load16_s i32.load16_u
30 memarg : i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u
36 memarg : i32.store i64.store f32.store f64.store
3a memarg : i32.store8 i32.store16 i64.store8 i64.store16 i64.store32
3f memidx : memory.size memory.grow
41 i32 : i32.const
42 i64 : i64.const
43 f32 : f32.const
44 f64 : f64.const
45 : i32.eqz i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u
50 : i64.eqz i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s i64.ge_u
5b : f32.eq f32.ne f32.lt f32.gt f32.le f32.ge f64.eq f64.ne f64.lt f64.gt f64.le f64.ge
67 : i32.clz i32.ctz i32.popcnt i32.add i32.sub i32.mul i32.div_s i32.div_u i32.rem_s i32.rem_u
71 : i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u i32.rotl i32.rotr
79 : i64.clz i64.ctz i64.popcnt i64.add i64.sub i64.mul i64.div_s i64.div_u i64.rem_s i64.rem_u
83 : i64.and i64.or i64.xor i64.shl i64.shr_s i64.shr_u i64.rotl i64.rotr
8b : f32.abs f32.neg f32.ceil f32.floor f32.trunc f32.nearest f32.sqrt
92 : f32.add f32.sub f32.mul f32.div f32.min f32.max f32.copysign
99 : f64.abs f64.neg f64.ceil f64.floor f64.trunc f64.nearest f64.sqrt
a0 : f64.add f64.sub f64.mul f64.div f64.min f64.max f64.copysign
a7 : i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u
ac : i64.extend_i32_s i64.extend_i32_u
ae : i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u
b2 : f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u f32.demote_f64
b7 : f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u f64.promote_f32
bc : i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64
c0 : i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s
d0 heaptype : ref.null
d1 : ref.is_null
d2 funcidx : ref.func
d3 : ref.eq ref.as_non_null
d5 labelidx : br_on_null br_on_non_null
"""

_GC = """
00 typeidx : struct.new struct.new_default
02 typeidx fieldidx : struct.get struct.get_s struct.get_u struct.set
06 typeidx : array.new array.new_default
08 typeidx count : array.new_fixed
09 typeidx dataidx : array.new_data
0a typeidx elemidx : array.new_elem
0b typeidx : array.get array.get_s array.get_u array.set
0f : array.len
10 typeidx : array.fill
11 typeidx typeidx : array.copy
12 typeidx dataidx : array.init_data
13 typeidx elemidx : array.init_elem
14 ref : ref.test
15 refnull : ref.test
16 ref : ref.cast
17 refnull : ref.cast
18 castop labelidx heaptype heaptype : br_on_cast br_on_cast_fail
1a : any.convert_extern extern.convert_any ref.i31 i31.get_s i31.get_u
20 typeidx : struct.new_desc struct.new_default_desc ref.get_desc
23 ref : ref.cast_desc_eq
24 refnull : ref.cast_desc_eq
25 castop labelidx heaptype heaptype : br_on_cast_desc_eq br_on_cast_desc_eq_fail
"""

_MISC = """
00 : i32.trunc_sat_f32_s i32.trunc_sat_f32_u i32.trunc_sat_f64_s i32.trunc_sat_f64_u
04 : i64.trunc_sat_f32_s i64.trunc_sat_f32_u i64.trunc_sat_f64_s i64.trunc_sat_f64_u
08 dataidx memidx : memory.init
09 dataidx : data.drop
0a memidx memidx : memory.copy
0b memidx : memory.fill
0c elemidx tableidx : table.init
0d elemidx : elem.drop
0e tableidx tableidx : table.copy
0f tableidx : table.grow table.size table.fill
13 : i64.add128 i64.sub128 i64.mul_wide_s i64.mul_wide_u
"""

_VECTOR = """
00 memarg : v128.load v128.load8x8_s v128.load8x8_u v128.load16x4_s v128.load16x4_u
05 memarg : v128.load32x2_s v128.load32x2_u
07 memarg : v128.load8_splat v128.load16_splat v128.load32_splat v128.load64_splat v128.store
0c v128 : v128.const
0d lanes : i8x16.shuffle
0e : i8x16.swizzle i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat
15 laneidx : i8x16.extract_lane_s i8x16.extract_lane_u i8x16.replace_lane
18 laneidx : i16x8.extract_lane_s i16x8.extract_lane_u i16x8.replace_lane
1b laneidx : i32x4.extract_lane i32x4.replace_lane i64x2.extract_lane i64x2.replace_lane
1f laneidx : f32x4.extract_lane f32x4.replace_lane f64x2.extract_lane f64x2.replace_lane
23 : i8x16.eq i8x16.ne i8x16.lt_s i8x16.lt_u i8x16.gt_s i8x16.gt_u
29 : i8x16.le_s i8x16.le_u i8x16.ge_s i8x16.ge_u
2d : i16x8.eq i16x8.ne i16x8.lt_s i16x8.lt_u i16x8.gt_s i16x8.gt_u
33 : i16x8.le_s i16x8.le_u i16x8.ge_s i16x8.ge_u
37 : i32x4.eq i32x4.ne i32x4.lt_s i32x4.lt_u i32x4.gt_s i32x4.gt_u
3d : i32x4.le_s i32x4.le_u i32x4.ge_s i32x4.ge_u
41 : f32x4.eq f32x4.ne f32x4.lt f32x4.gt f32x4.le f32x4.ge
47 : f64x2.eq f64x2.ne f64x2.lt f64x2.gt f64x2.le f64x2.ge
4d : v128.not v128.and v128.andnot v128.or v128.xor v128.bitselect v128.any_true
54 memarg laneidx : v128.load8_lane v128.load16_lane v128.load32_lane v128.load64_lane
58 memarg laneidx : v128.store8_lane v128.store16_lane v128.store32_lane v128.store64_lane
5c memarg : v128.load32_zero v128.load64_zero
5e : f32x4.demote_f64x2_zero f64x2.promote_low_f32x4
60 : i8x16.abs i8x16.neg i8x16.popcnt i8x16.all_true i8x16.bitmask
65 : i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest
6b : i8x16.shl i8x16.shr_s i8x16.shr_u i8x16.add i8x16.add_sat_s i8x16.add_sat_u
71 : i8x16.sub i8x16.sub_sat_s i8x16.sub_sat_u f64x2.ceil f64x2.floor
76 : i8x16.min_s i8x16.min_u i8x16.max_s i8x16.max_u f64x2.trunc i8x16.avgr_u
7c : i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u
7e : i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u
80 : i16x8.abs i16x8.neg i16x8.q15mulr_sat_s i16x8.all_true i16x8.bitmask
85 : i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u i16x8.extend_low_i8x16_s i16x8.extend_high_i8x16_s
89 : i16x8.extend_low_i8x16_u i16x8.extend_high_i8x16_u i16x8.shl i16x8.shr_s i16x8.shr_u
8e : i16x8.add i16x8.add_sat_s i16x8.add_sat_u i16x8.sub i16x8.sub_sat_s i16x8.sub_sat_u
94 : f64x2.nearest i16x8.mul i16x8.min_s i16x8.min_u i16x8.max_s i16x8.max_u - i16x8.avgr_u
9c : i16x8.extmul_low_i8x16_s i16x8.extmul_high_i8x16_s
9e : i16x8.extmul_low_i8x16_u i16x8.extmul_high_i8x16_u
a0 : i32x4.abs i32x4.neg - i32x4.all_true i32x4.bitmask - -
a7 : i32x4.extend_low_i16x8_s i32x4.extend_high_i16x8_s
a9 : i32x4.extend_low_i16x8_u i32x4.extend_high_i16x8_u i32x4.shl i32x4.shr_s i32x4.shr_u i32x4.add
af : - - i32x4.sub - - - i32x4.mul i32x4.min_s i32x4.min_u i32x4.max_s i32x4.max_u
ba : i32x4.dot_i16x8_s - i32x4.extmul_low_i16x8_s i32x4.extmul_high_i16x8_s
be : i32x4.extmul_low_i16x8_u i32x4.extmul_high_i16x8_u
c0 : i64x2.abs i64x2.neg - i64x2.all_true i64x2.bitmask - -
c7 : i64x2.extend_low_i32x4_s i64x2.extend_high_i32x4_s
c9 : i64x2.extend_low_i32x4_u i64x2.extend_high_i32x4_u i64x2.shl i64x2.shr_s i64x2.shr_u i64x2.add
cf : - - i64x2.sub - - - i64x2.mul i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s i64x2.ge_s
dc : i64x2.extmul_low_i32x4_s i64x2.extmul_high_i32x4_s
de : i64x2.extmul_low_i32x4_u i64x2.extmul_high_i32x4_u
e0 : f32x4.abs f32x4.neg - f32x4.sqrt f32x4.add f32x4.sub f32x4.mul f32x4.div
e8 : f32x4.min f32x4.max f32x4.pmin f32x4.pmax
ec : f64x2.abs f64x2.neg - f64x2.sqrt f64x2.add f64x2.sub f64x2.mul f64x2.div
f4 : f64x2.min f64x2.max f64x2.pmin f64x2.pmax
f8 : i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u
fc : i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero
fe : f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u
100 : i8x16.relaxed_swizzle i32x4.relaxed_trunc_f32x4_s i32x4.relaxed_trunc_f32x4_u
103 : i32x4.relaxed_trunc_f64x2_s_zero i32x4.relaxed_trunc_f64x2_u_zero
105 : f32x4.relaxed_madd f32x4.relaxed_nmadd f64x2.relaxed_madd f64x2.relaxed_nmadd
109 : i8x16.relaxed_laneselect i16x8.relaxed_laneselect
10b : i32x4.relaxed_laneselect i64x2.relaxed_laneselect
10d : f32x4.relaxed_min f32x4.relaxed_max f64x2.relaxed_min f64x2.relaxed_max
111 : i16x8.relaxed_q15mulr_s i16x8.relaxed_dot_i8x16_i7x16_s i32x4.relaxed_dot_i8x16_i7x16_add_s
"""

_ATOMIC = """
00 atomicarg : memory.atomic.notify memory.atomic.wait32 memory.atomic.wait64
03 fence : atomic.fence
10 atomicarg : i32.atomic.load i64.atomic.load i32.atomic.load8_u i32.atomic.load16_u
14 atomicarg : i64.atomic.load8_u i64.atomic.load16_u i64.atomic.load32_u
17 atomicarg : i32.atomic.store i64.atomic.store i32.atomic.store8 i32.atomic.store16
1b atomicarg : i64.atomic.store8 i64.atomic.store16 i64.atomic.store32
1e atomicarg : {add}
25 atomicarg : {sub}
2c atomicarg : {and}
33 atomicarg : {or}
3a atomicarg : {xor}
41 atomicarg : {xchg}
48 atomicarg : {cmpxchg}
"""


class Opcode(NamedTuple):
    """An instruction.

    Attributes:
        prefix: the byte before the opcode, ``None`` if there is none.
        code: the opcode; behind a prefix a u32 LEB128, else one byte.
        mnemonic: in the text format; two opcodes may share one.
        immediates: the names of what follows.
    """

    prefix: int | None
    code: int
    mnemonic: str
    immediates: tuple[str, ...]

    def encode(self) -> bytes:
        """The bytes of the opcode, as short as they can be."""
        if self.prefix is None:
            return bytes([self.code])
        low, high = self.code & 0x7F, self.code >> 7
        return bytes([self.prefix, low | 0x80, high] if high else [self.prefix, low])


def _read_modify_write(operation: str) -> str:
    unsigned = [f"i32.atomic.rmw{n}.{operation}_u" for n in (8, 16)]
    unsigned += [f"i64.atomic.rmw{n}.{operation}_u" for n in (8, 16, 32)]
    return " ".join([f"i32.atomic.rmw.{operation}", f"i64.atomic.rmw.{operation}", *unsigned])


def _read_table(prefix: int | None, text: str) -> dict[int, Opcode]:
    table = {}
    for line in text.strip().splitlines():
        head, _, mnemonics = line.partition(" : ")
        first, *immediates = head.split()
        for code, mnemonic in enumerate(mnemonics.split(), int(first.rstrip(":"), 16)):
            if mnemonic != "-":
                table[code] = Opcode(prefix, code, mnemonic, tuple(immediates))
    return table


_OPERATIONS = ("add", "sub", "and", "or", "xor", "xchg", "cmpxchg")

PLAIN = _read_table(None, _PLAIN)
"""Instructions of one byte, by that byte."""

PREFIXED = {
    0xFB: _read_table(0xFB, _GC),
    0xFC: _read_table(0xFC, _MISC),
    0xFD: _read_table(0xFD, _VECTOR),
    0xFE: _read_table(
        0xFE, _ATOMIC.format(**{name: _read_modify_write(name) for name in _OPERATIONS})
    ),
}
"""Instructions behind a prefix, by prefix and opcode."""
