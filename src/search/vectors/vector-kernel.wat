;; Compares one query with many rows of 8-bit vectors.
;;
;; A component plus 128 is kept as two halves of 4 bits: 16 times the high one plus the low one. The
;; high halves of all rows of a block lie together, apart from the low ones, and bound the product of a
;; row: what its low halves add is at most what their middle, 7.5, would add, plus the query's length
;; times that of how far they are from the middle (Cauchy-Schwarz). Only where that reaches what is
;; asked for are the low halves read, so most rows cost half of their bytes.
;;
;; A row has `stride` components, a multiple of 32, padded with any. Each 32 of them are 16 bytes of
;; high halves and 16 of low ones: byte n has that of component n, and in its upper bits that of
;; component 16 + n. The coarse query has as many components from -127 to 127, 0 in the padding. Halves
;; are within the 7 bits for which the relaxed instruction gives the same result on every processor.
;;
;; Rows are compared four at a time: what is read of the query is used four times, and one addition
;; of lanes serves four rows.
(module
  (memory (export "memory") 1)

  ;; For each set of four lanes, the shuffle that moves them to the front.
  (data (i32.const 0)
    "\00\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f"
    "\00\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f"
    "\04\05\06\07\00\01\02\03\08\09\0a\0b\0c\0d\0e\0f"
    "\00\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f"
    "\08\09\0a\0b\00\01\02\03\04\05\06\07\0c\0d\0e\0f"
    "\00\01\02\03\08\09\0a\0b\04\05\06\07\0c\0d\0e\0f"
    "\04\05\06\07\08\09\0a\0b\00\01\02\03\0c\0d\0e\0f"
    "\00\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f"
    "\0c\0d\0e\0f\00\01\02\03\04\05\06\07\08\09\0a\0b"
    "\00\01\02\03\0c\0d\0e\0f\04\05\06\07\08\09\0a\0b"
    "\04\05\06\07\0c\0d\0e\0f\00\01\02\03\08\09\0a\0b"
    "\00\01\02\03\04\05\06\07\0c\0d\0e\0f\08\09\0a\0b"
    "\08\09\0a\0b\0c\0d\0e\0f\00\01\02\03\04\05\06\07"
    "\00\01\02\03\08\09\0a\0b\0c\0d\0e\0f\04\05\06\07"
    "\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f\00\01\02\03"
    "\00\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f")

  ;; The products of one half of four rows, one beside the other, with the coarse query.
  (func $products
    (param $query i32) (param $a i32) (param $b i32) (param $c i32) (param $d i32)
    (param $stride i32) (result v128)
    (local $end i32) (local $stop i32)
    (local $nibbles v128) (local $bytes v128) (local $first v128) (local $second v128)
    (local $a_part v128) (local $b_part v128) (local $c_part v128) (local $d_part v128)
    (local $a_sum v128) (local $b_sum v128) (local $c_sum v128) (local $d_sum v128)
    (local.set $nibbles (i8x16.splat (i32.const 15)))
    (local.set $end (i32.add (local.get $query) (local.get $stride)))
    (loop $part
      ;; Of 128 components, 16 products fall to each lane of 16 bits: at most 16 * 127 * 15.
      (local.set $stop (i32.add (local.get $query) (i32.const 128)))
      (local.set $stop (select (local.get $stop) (local.get $end)
        (i32.lt_u (local.get $stop) (local.get $end))))
      (loop $components
        (local.set $first (v128.load (local.get $query)))
        (local.set $second (v128.load offset=16 (local.get $query)))
        (local.set $bytes (v128.load (local.get $a)))
        (local.set $a (i32.add (local.get $a) (i32.const 16)))
        (local.set $a_part (i16x8.add (local.get $a_part) (i16x8.add
          (i16x8.relaxed_dot_i8x16_i7x16_s
            (local.get $first) (v128.and (local.get $bytes) (local.get $nibbles)))
          (i16x8.relaxed_dot_i8x16_i7x16_s
            (local.get $second)
            (v128.and (i16x8.shr_u (local.get $bytes) (i32.const 4)) (local.get $nibbles))))))
        (local.set $bytes (v128.load (local.get $b)))
        (local.set $b (i32.add (local.get $b) (i32.const 16)))
        (local.set $b_part (i16x8.add (local.get $b_part) (i16x8.add
          (i16x8.relaxed_dot_i8x16_i7x16_s
            (local.get $first) (v128.and (local.get $bytes) (local.get $nibbles)))
          (i16x8.relaxed_dot_i8x16_i7x16_s
            (local.get $second)
            (v128.and (i16x8.shr_u (local.get $bytes) (i32.const 4)) (local.get $nibbles))))))
        (local.set $bytes (v128.load (local.get $c)))
        (local.set $c (i32.add (local.get $c) (i32.const 16)))
        (local.set $c_part (i16x8.add (local.get $c_part) (i16x8.add
          (i16x8.relaxed_dot_i8x16_i7x16_s
            (local.get $first) (v128.and (local.get $bytes) (local.get $nibbles)))
          (i16x8.relaxed_dot_i8x16_i7x16_s
            (local.get $second)
            (v128.and (i16x8.shr_u (local.get $bytes) (i32.const 4)) (local.get $nibbles))))))
        (local.set $bytes (v128.load (local.get $d)))
        (local.set $d (i32.add (local.get $d) (i32.const 16)))
        (local.set $d_part (i16x8.add (local.get $d_part) (i16x8.add
          (i16x8.relaxed_dot_i8x16_i7x16_s
            (local.get $first) (v128.and (local.get $bytes) (local.get $nibbles)))
          (i16x8.relaxed_dot_i8x16_i7x16_s
            (local.get $second)
            (v128.and (i16x8.shr_u (local.get $bytes) (i32.const 4)) (local.get $nibbles))))))
        (local.set $query (i32.add (local.get $query) (i32.const 32)))
        (br_if $components (i32.lt_u (local.get $query) (local.get $stop))))
      (local.set $a_sum (i32x4.add
        (local.get $a_sum) (i32x4.extadd_pairwise_i16x8_s (local.get $a_part))))
      (local.set $a_part (v128.const i32x4 0 0 0 0))
      (local.set $b_sum (i32x4.add
        (local.get $b_sum) (i32x4.extadd_pairwise_i16x8_s (local.get $b_part))))
      (local.set $b_part (v128.const i32x4 0 0 0 0))
      (local.set $c_sum (i32x4.add
        (local.get $c_sum) (i32x4.extadd_pairwise_i16x8_s (local.get $c_part))))
      (local.set $c_part (v128.const i32x4 0 0 0 0))
      (local.set $d_sum (i32x4.add
        (local.get $d_sum) (i32x4.extadd_pairwise_i16x8_s (local.get $d_part))))
      (local.set $d_part (v128.const i32x4 0 0 0 0))
      (br_if $part (i32.lt_u (local.get $query) (local.get $end))))

    ;; Lanes 0 and 1 added to lanes 2 and 3, of two rows each; then those to each other.
    (local.set $first (i32x4.add
      (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
        (local.get $a_sum) (local.get $b_sum))
      (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
        (local.get $a_sum) (local.get $b_sum))))
    (local.set $second (i32x4.add
      (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
        (local.get $c_sum) (local.get $d_sum))
      (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
        (local.get $c_sum) (local.get $d_sum))))
    (i32x4.add
      (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
        (local.get $first) (local.get $second))
      (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
        (local.get $first) (local.get $second))))

  ;; Writes number and product times scale of the rows from `from` to before `to`, multiples of 32, that
  ;; are in the mask and reach `enough`, and returns how many. Of four rows none of which is in the mask,
  ;; nothing is read. `rows` and `values` have room for as many numbers.
  ;;
  ;; A product is 16 times that of the high halves, plus that of the low ones, minus `zero`, the
  ;; query's product with 128. `middle` is its product with 7.5 and what makes up for the rounding of
  ;; the bound, `length` is its length; `lengths` hold how far the low halves are from the middle.
  (func (export "select")
    (param $query i32) (param $highs i32) (param $lows i32) (param $stride i32)
    (param $from i32) (param $to i32) (param $mask i32)
    (param $scales i32) (param $lengths i32)
    (param $zero i32) (param $middle i32) (param $length f32)
    (param $enough f32) (param $rows i32) (param $values i32) (result i32)
    (local $half i32) (local $end i32) (local $n i32) (local $at i32)
    (local $bits i32) (local $four i32) (local $found i32) (local $kept i32)
    (local $high v128) (local $numbers v128) (local $value v128) (local $to_front v128)
    (local.set $half (i32.shr_u (local.get $stride) (i32.const 1)))

    (loop $part
      (local.set $end (i32.add (local.get $from) (i32.const 256)))
      (local.set $end (select (local.get $end) (local.get $to)
        (i32.lt_u (local.get $end) (local.get $to))))

      ;; First the rows whose bound reaches `enough`, each with its bound but for the lengths.
      (local.set $found (local.get $kept))
      (loop $word
        (local.set $bits
          (i32.load (i32.add (local.get $mask) (i32.shr_u (local.get $from) (i32.const 3)))))
        (local.set $n (local.get $from))
        (block $next
          (loop $four_of_word
            (br_if $next (i32.eqz (local.get $bits)))
            (if (i32.and (local.get $bits) (i32.const 15))
              (then
                (local.set $at
                  (i32.add (local.get $highs) (i32.mul (local.get $n) (local.get $half))))
                (local.set $high
                  (i32x4.add
                    (i32x4.shl
                      (call $products (local.get $query)
                        (local.get $at)
                        (i32.add (local.get $at) (local.get $half))
                        (i32.add (local.get $at) (local.get $stride))
                        (i32.add (local.get $at) (i32.add (local.get $stride) (local.get $half)))
                        (local.get $stride))
                      (i32.const 4))
                    (i32x4.splat (i32.sub (local.get $middle) (local.get $zero)))))
                (local.set $at (i32.shl (local.get $n) (i32.const 2)))
                (local.set $four
                  (i32.and
                    (i32.and (local.get $bits) (i32.const 15))
                    (i32x4.bitmask
                      (f32x4.ge
                        (f32x4.mul
                          (f32x4.add
                            (f32x4.convert_i32x4_s (local.get $high))
                            (f32x4.mul
                              (f32x4.splat (local.get $length))
                              (v128.load (i32.add (local.get $lengths) (local.get $at)))))
                          (v128.load (i32.add (local.get $scales) (local.get $at))))
                        (f32x4.splat (local.get $enough))))))
                (local.set $to_front (v128.load (i32.shl (local.get $four) (i32.const 4))))
                (v128.store (i32.add (local.get $rows) (local.get $found))
                  (i8x16.relaxed_swizzle
                    (i32x4.add (i32x4.splat (local.get $n)) (v128.const i32x4 0 1 2 3))
                    (local.get $to_front)))
                (v128.store (i32.add (local.get $values) (local.get $found))
                  (i8x16.relaxed_swizzle (local.get $high) (local.get $to_front)))
                (local.set $found
                  (i32.add
                    (local.get $found) (i32.shl (i32.popcnt (local.get $four)) (i32.const 2))))))
            (local.set $bits (i32.shr_u (local.get $bits) (i32.const 4)))
            (local.set $n (i32.add (local.get $n) (i32.const 4)))
            (br $four_of_word)))
        (local.set $from (i32.add (local.get $from) (i32.const 32)))
        (br_if $word (i32.lt_u (local.get $from) (local.get $end))))

      ;; Then their low halves are touched: many at once are on their way from memory.
      (local.set $at (local.get $kept))
      (block $touched
        (loop $touch
          (br_if $touched (i32.ge_u (local.get $at) (local.get $found)))
          (local.set $n (i32.const 0))
          (loop $line
            (drop
              (i32.load
                (i32.add
                  (local.get $n)
                  (i32.add (local.get $lows)
                    (i32.mul
                      (i32.load (i32.add (local.get $rows) (local.get $at))) (local.get $half))))))
            (br_if $line
              (i32.lt_u
                (local.tee $n (i32.add (local.get $n) (i32.const 64)))
                (local.get $half))))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br $touch)))

      ;; Then they are read, four rows at a time, and the rows that reach `enough` kept. Beyond the last
      ;; stand numbers of rows from before, or 0: what is read of those is dropped.
      (local.set $at (local.get $kept))
      (block $done
        (loop $four_found
          (br_if $done (i32.ge_u (local.get $at) (local.get $found)))
          (local.set $numbers (v128.load (i32.add (local.get $rows) (local.get $at))))
          (local.set $value
            (f32x4.mul
              (f32x4.convert_i32x4_s
                (i32x4.add
                  (i32x4.sub
                    (v128.load (i32.add (local.get $values) (local.get $at)))
                    (i32x4.splat (local.get $middle)))
                  (call $products (local.get $query)
                    (i32.add (local.get $lows)
                      (i32.mul (i32x4.extract_lane 0 (local.get $numbers)) (local.get $half)))
                    (i32.add (local.get $lows)
                      (i32.mul (i32x4.extract_lane 1 (local.get $numbers)) (local.get $half)))
                    (i32.add (local.get $lows)
                      (i32.mul (i32x4.extract_lane 2 (local.get $numbers)) (local.get $half)))
                    (i32.add (local.get $lows)
                      (i32.mul (i32x4.extract_lane 3 (local.get $numbers)) (local.get $half)))
                    (local.get $stride))))
              (v128.load32_lane 3
                (i32.add (local.get $scales)
                  (i32.shl (i32x4.extract_lane 3 (local.get $numbers)) (i32.const 2)))
                (v128.load32_lane 2
                  (i32.add (local.get $scales)
                    (i32.shl (i32x4.extract_lane 2 (local.get $numbers)) (i32.const 2)))
                  (v128.load32_lane 1
                    (i32.add (local.get $scales)
                      (i32.shl (i32x4.extract_lane 1 (local.get $numbers)) (i32.const 2)))
                    (v128.load32_zero
                      (i32.add (local.get $scales)
                        (i32.shl (i32x4.extract_lane 0 (local.get $numbers)) (i32.const 2)))))))))
          (local.set $four
            (i32x4.bitmask (f32x4.ge (local.get $value) (f32x4.splat (local.get $enough)))))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (if (i32.gt_u (local.get $at) (local.get $found))
            (then
              (local.set $four
                (i32.and (local.get $four)
                  (i32.shr_u (i32.const 15)
                    (i32.shr_u (i32.sub (local.get $at) (local.get $found)) (i32.const 2)))))))
          (local.set $to_front (v128.load (i32.shl (local.get $four) (i32.const 4))))
          (v128.store (i32.add (local.get $rows) (local.get $kept))
            (i8x16.relaxed_swizzle (local.get $numbers) (local.get $to_front)))
          (v128.store (i32.add (local.get $values) (local.get $kept))
            (i8x16.relaxed_swizzle (local.get $value) (local.get $to_front)))
          (local.set $kept
            (i32.add (local.get $kept) (i32.shl (i32.popcnt (local.get $four)) (i32.const 2))))
          (br $four_found)))
      (br_if $part (i32.lt_u (local.get $from) (local.get $to))))
    (i32.shr_u (local.get $kept) (i32.const 2)))

  ;; The products of 16 components, that are 128 too high, with those of the query.
  (func $exact_products (param $query i32) (param $bytes v128) (result v128)
    (local.set $bytes (v128.xor (local.get $bytes) (i8x16.splat (i32.const 128))))
    (i32x4.add
      (i32x4.dot_i16x8_s
        (i16x8.extend_low_i8x16_s (local.get $bytes)) (v128.load (local.get $query)))
      (i32x4.dot_i16x8_s
        (i16x8.extend_high_i8x16_s (local.get $bytes)) (v128.load offset=16 (local.get $query)))))

  ;; The product of a row with a query of 14-bit components, 16 bits each, 0 in the padding.
  (func (export "exactDot")
    (param $query i32) (param $high i32) (param $low i32) (param $stride i32) (result i32)
    (local $end i32) (local $nibbles v128) (local $highs v128) (local $lows v128) (local $sums v128)
    (local.set $nibbles (i8x16.splat (i32.const 15)))
    (local.set $end (i32.add (local.get $low) (i32.shr_u (local.get $stride) (i32.const 1))))
    (loop $components
      (local.set $highs (v128.load (local.get $high)))
      (local.set $lows (v128.load (local.get $low)))
      (local.set $sums (i32x4.add (local.get $sums)
        (i32x4.add
          (call $exact_products (local.get $query)
            (v128.or
              (i16x8.shl (v128.and (local.get $highs) (local.get $nibbles)) (i32.const 4))
              (v128.and (local.get $lows) (local.get $nibbles))))
          (call $exact_products (i32.add (local.get $query) (i32.const 32))
            (v128.or
              (v128.andnot (local.get $highs) (local.get $nibbles))
              (v128.and (i16x8.shr_u (local.get $lows) (i32.const 4)) (local.get $nibbles)))))))
      (local.set $high (i32.add (local.get $high) (i32.const 16)))
      (local.set $low (i32.add (local.get $low) (i32.const 16)))
      (local.set $query (i32.add (local.get $query) (i32.const 64)))
      (br_if $components (i32.lt_u (local.get $low) (local.get $end))))
    (i32.add
      (i32.add
        (i32x4.extract_lane 0 (local.get $sums)) (i32x4.extract_lane 1 (local.get $sums)))
      (i32.add
        (i32x4.extract_lane 2 (local.get $sums)) (i32x4.extract_lane 3 (local.get $sums))))))
