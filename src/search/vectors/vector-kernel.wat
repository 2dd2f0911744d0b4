;; Compares one query with many rows of 8-bit vectors, 32 components at a time.
;;
;; A row is `stride` bytes, a multiple of 32, padded with zeros. The coarse query has as many
;; components of 7 bits, from 0 to 127, where 64 stands for 0: within that range the relaxed
;; instruction gives the same result on every processor, and no pair of products overflows its 16
;; bits. `sums` and `scales` hold, for each row, 64 times the sum of its components and what turns
;; its product into a cosine.
(module
  (memory (export "memory") 1)

  ;; Writes number and product times scale of the rows that are in the mask and reach `enough`, and
  ;; returns how many. Rows whose bit in the mask is 0 are not read.
  (func (export "select")
    (param $query i32) (param $first i32) (param $stride i32) (param $count i32)
    (param $mask i32) (param $sums i32) (param $scales i32)
    (param $enough f32) (param $rows i32) (param $values i32) (result i32)
    (local $bits i32) (local $base i32) (local $n i32) (local $found i32)
    (local $row i32) (local $q i32) (local $end i32) (local $value f32)
    (local $even v128) (local $odd v128)

    (loop $word
      (local.set $bits (i32.load (i32.add (local.get $mask) (i32.shr_u (local.get $base) (i32.const 3)))))
      (block $next
        (loop $row_of_word
          (br_if $next (i32.eqz (local.get $bits)))
          (local.set $n (i32.add (local.get $base) (i32.ctz (local.get $bits))))
          (local.set $bits (i32.and (local.get $bits) (i32.sub (local.get $bits) (i32.const 1))))

          (local.set $even (v128.const i32x4 0 0 0 0))
          (local.set $odd (v128.const i32x4 0 0 0 0))
          (local.set $row (i32.add (local.get $first) (i32.mul (local.get $n) (local.get $stride))))
          (local.set $q (local.get $query))
          (local.set $end (i32.add (local.get $row) (local.get $stride)))
          (loop $components
            (local.set $even (i32x4.relaxed_dot_i8x16_i7x16_add_s
              (v128.load (local.get $row)) (v128.load (local.get $q)) (local.get $even)))
            (local.set $odd (i32x4.relaxed_dot_i8x16_i7x16_add_s
              (v128.load offset=16 (local.get $row)) (v128.load offset=16 (local.get $q))
              (local.get $odd)))
            (local.set $row (i32.add (local.get $row) (i32.const 32)))
            (local.set $q (i32.add (local.get $q) (i32.const 32)))
            (br_if $components (i32.lt_u (local.get $row) (local.get $end))))
          (local.set $even (i32x4.add (local.get $even) (local.get $odd)))

          (local.set $n (i32.shl (local.get $n) (i32.const 2)))
          (local.set $value
            (f32.mul
              (f32.convert_i32_s
                (i32.sub
                  (i32.add
                    (i32.add
                      (i32x4.extract_lane 0 (local.get $even))
                      (i32x4.extract_lane 1 (local.get $even)))
                    (i32.add
                      (i32x4.extract_lane 2 (local.get $even))
                      (i32x4.extract_lane 3 (local.get $even))))
                  (i32.load (i32.add (local.get $sums) (local.get $n)))))
              (f32.load (i32.add (local.get $scales) (local.get $n)))))
          (if (f32.ge (local.get $value) (local.get $enough))
            (then
              (i32.store (i32.add (local.get $rows) (local.get $found))
                (i32.shr_u (local.get $n) (i32.const 2)))
              (f32.store (i32.add (local.get $values) (local.get $found)) (local.get $value))
              (local.set $found (i32.add (local.get $found) (i32.const 4)))))
          (br $row_of_word)))
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
