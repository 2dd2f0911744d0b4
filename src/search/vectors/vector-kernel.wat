;; Compares one query with many rows of 8-bit vectors.
;;
;; A row is `stride` bytes, a multiple of 32, padded with zeros. The coarse query has as many
;; components of 7 bits, from 0 to 127, where 64 stands for 0: within that range the relaxed
;; instruction gives the same result on every processor, and no pair of products overflows its 16
;; bits. `sums` and `scales` hold, for each row, 64 times the sum of its components and what turns
;; its product into a cosine.
;;
;; Rows are compared four at a time: what is read of the query is used four times, and one addition
;; of lanes serves four rows.
(module
  (memory (export "memory") 1)

  ;; The products of four rows, one beside the other, with the coarse query.
  (func $products
    (param $query i32) (param $row i32) (param $stride i32) (result v128)
    (local $second i32) (local $third i32) (local $fourth i32) (local $end i32)
    (local $part v128) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $end (i32.add (local.get $query) (local.get $stride)))
    (local.set $second (i32.add (local.get $row) (local.get $stride)))
    (local.set $third (i32.add (local.get $second) (local.get $stride)))
    (local.set $fourth (i32.add (local.get $third) (local.get $stride)))
    (loop $components
      (local.set $part (v128.load (local.get $query)))
      (local.set $a (i32x4.relaxed_dot_i8x16_i7x16_add_s
        (v128.load (local.get $row)) (local.get $part) (local.get $a)))
      (local.set $b (i32x4.relaxed_dot_i8x16_i7x16_add_s
        (v128.load (local.get $second)) (local.get $part) (local.get $b)))
      (local.set $c (i32x4.relaxed_dot_i8x16_i7x16_add_s
        (v128.load (local.get $third)) (local.get $part) (local.get $c)))
      (local.set $d (i32x4.relaxed_dot_i8x16_i7x16_add_s
        (v128.load (local.get $fourth)) (local.get $part) (local.get $d)))
      (local.set $part (v128.load offset=16 (local.get $query)))
      (local.set $a (i32x4.relaxed_dot_i8x16_i7x16_add_s
        (v128.load offset=16 (local.get $row)) (local.get $part) (local.get $a)))
      (local.set $b (i32x4.relaxed_dot_i8x16_i7x16_add_s
        (v128.load offset=16 (local.get $second)) (local.get $part) (local.get $b)))
      (local.set $c (i32x4.relaxed_dot_i8x16_i7x16_add_s
        (v128.load offset=16 (local.get $third)) (local.get $part) (local.get $c)))
      (local.set $d (i32x4.relaxed_dot_i8x16_i7x16_add_s
        (v128.load offset=16 (local.get $fourth)) (local.get $part) (local.get $d)))
      (local.set $row (i32.add (local.get $row) (i32.const 32)))
      (local.set $second (i32.add (local.get $second) (i32.const 32)))
      (local.set $third (i32.add (local.get $third) (i32.const 32)))
      (local.set $fourth (i32.add (local.get $fourth) (i32.const 32)))
      (local.set $query (i32.add (local.get $query) (i32.const 32)))
      (br_if $components (i32.lt_u (local.get $query) (local.get $end))))

    ;; Lanes 0 and 1 added to lanes 2 and 3, of two rows each; then those to each other.
    (local.set $a (i32x4.add
      (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a) (local.get $b))
      (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a) (local.get $b))))
    (local.set $c (i32x4.add
      (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $c) (local.get $d))
      (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $c) (local.get $d))))
    (i32x4.add
      (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a) (local.get $c))
      (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a) (local.get $c))))

  ;; Writes number and product times scale of the rows that are in the mask and reach `enough`, and
  ;; returns how many. Of four rows none of which is in the mask, nothing is read. `rows` and `values`
  ;; have room for `count` numbers, a multiple of 32.
  (func (export "select")
    (param $query i32) (param $first i32) (param $stride i32) (param $count i32)
    (param $mask i32) (param $sums i32) (param $scales i32)
    (param $enough f32) (param $rows i32) (param $values i32) (result i32)
    (local $base i32) (local $n i32) (local $bits i32) (local $four i32) (local $found i32)
    (local $lane i32) (local $value v128)

    (loop $word
      (local.set $bits (i32.load (i32.add (local.get $mask) (i32.shr_u (local.get $base) (i32.const 3)))))
      (local.set $n (local.get $base))
      (block $next
        (loop $four_of_word
          (br_if $next (i32.eqz (local.get $bits)))
          (local.set $four (i32.and (local.get $bits) (i32.const 15)))
          (if (local.get $four)
            (then
              (local.set $value
                (f32x4.mul
                  (f32x4.convert_i32x4_s
                    (i32x4.sub
                      (call $products (local.get $query)
                        (i32.add (local.get $first) (i32.mul (local.get $n) (local.get $stride)))
                        (local.get $stride))
                      (v128.load (i32.add (local.get $sums) (i32.shl (local.get $n) (i32.const 2))))))
                  (v128.load (i32.add (local.get $scales) (i32.shl (local.get $n) (i32.const 2))))))
              (local.set $four
                (i32.and
                  (local.get $four)
                  (i32x4.bitmask (f32x4.ge (local.get $value) (f32x4.splat (local.get $enough))))))
              (if (local.get $four)
                (then
                  ;; All four are written, and those that are kept moved to the front of them.
                  (local.set $lane (i32.add (local.get $values) (local.get $found)))
                  (v128.store (local.get $lane) (local.get $value))
                  (loop $lane_of_four
                    (i32.store (i32.add (local.get $rows) (local.get $found))
                      (i32.add (local.get $n) (i32.ctz (local.get $four))))
                    (f32.store (i32.add (local.get $values) (local.get $found))
                      (f32.load (i32.add (local.get $lane)
                        (i32.shl (i32.ctz (local.get $four)) (i32.const 2)))))
                    (local.set $found (i32.add (local.get $found) (i32.const 4)))
                    (br_if $lane_of_four
                      (local.tee $four
                        (i32.and (local.get $four) (i32.sub (local.get $four) (i32.const 1))))))))))
          (local.set $bits (i32.shr_u (local.get $bits) (i32.const 4)))
          (local.set $n (i32.add (local.get $n) (i32.const 4)))
          (br $four_of_word)))
      (local.set $base (i32.add (local.get $base) (i32.const 32)))
      (br_if $word (i32.lt_u (local.get $base) (local.get $count))))
    (i32.shr_u (local.get $found) (i32.const 2)))

  ;; The product of a row with a query of 14-bit components, 16 bits each.
  (func (export "exactDot")
    (param $query i32) (param $row i32) (param $stride i32) (result i32)
    (local $end i32) (local $bytes v128) (local $sums v128)
    (local.set $end (i32.add (local.get $row) (local.get $stride)))
    (loop $components
      (local.set $bytes (v128.load (local.get $row)))
      (local.set $sums (i32x4.add (local.get $sums)
        (i32x4.add
          (i32x4.dot_i16x8_s
            (i16x8.extend_low_i8x16_s (local.get $bytes)) (v128.load (local.get $query)))
          (i32x4.dot_i16x8_s
            (i16x8.extend_high_i8x16_s (local.get $bytes))
            (v128.load offset=16 (local.get $query))))))
      (local.set $row (i32.add (local.get $row) (i32.const 16)))
      (local.set $query (i32.add (local.get $query) (i32.const 32)))
      (br_if $components (i32.lt_u (local.get $row) (local.get $end))))
    (i32.add
      (i32.add
        (i32x4.extract_lane 0 (local.get $sums)) (i32x4.extract_lane 1 (local.get $sums)))
      (i32.add
        (i32x4.extract_lane 2 (local.get $sums)) (i32x4.extract_lane 3 (local.get $sums))))))
