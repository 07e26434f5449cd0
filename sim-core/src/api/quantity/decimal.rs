//! Decimals of any length, for amounts that 64 bits don't hold. Mirrors `gopkg.in/inf.v0` (Dec) as `resource.Quantity` uses it.

use super::*;

/// `inf.Dec`: ±digits × 10^−scale, of any length.
#[derive(Clone)]
pub(crate) struct Decimal {
    /// Below zero. Never set for zero.
    pub(crate) negative: bool,
    /// Decimal digits (0–9), the most significant first and not zero; empty for zero.
    pub(super) digits: Vec<u8>,
    /// How many of the digits lie behind the point; below zero, how many zeros are left off.
    pub(crate) scale: i32,
}

impl Decimal {
    pub(super) fn new(negative: bool, ascii: impl Iterator<Item = u8>, scale: i32) -> Decimal {
        let digits: Vec<u8> = ascii.map(|b| b - b'0').skip_while(|d| *d == 0).collect();
        Decimal { negative: negative && !digits.is_empty(), digits, scale }
    }

    pub(super) fn sign(&self) -> i32 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    pub(super) fn text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits: String = self.digits.iter().map(|d| char::from(b'0' + d)).collect();
        format!("{sign}{}", if digits.is_empty() { "0" } else { &digits })
    }

    /// The unscaled magnitude in 64-bit words, the least significant first, as Go's `big.nat` holds it.
    pub(crate) fn words(&self) -> Vec<u64> {
        let mut words: Vec<u64> = Vec::new();
        for digit in &self.digits {
            let mut carry = u128::from(*digit);
            for word in &mut words {
                carry += u128::from(*word) * 10;
                *word = carry as u64;
                carry >>= 64;
            }
            if carry != 0 {
                words.push(carry as u64);
            }
        }
        words
    }

    /// Multiplies by 2^`times`, which is at most 60.
    pub(super) fn double(&mut self, times: u32) {
        let mut carry = 0u128;
        for digit in self.digits.iter_mut().rev() {
            carry += u128::from(*digit) << times;
            *digit = (carry % 10) as u8;
            carry /= 10;
        }
        while carry != 0 {
            self.digits.insert(0, (carry % 10) as u8);
            carry /= 10;
        }
    }

    /// The same number with `scale` digits behind the point, rounded away from zero.
    pub(super) fn round_up(&self, scale: i32) -> Decimal {
        let mut result = self.clone();
        let more = i64::from(scale) - i64::from(self.scale);
        if more > FARTHEST {
            return result;
        }
        result.scale = scale;
        if more >= 0 {
            if self.sign() != 0 {
                result.digits.resize(self.digits.len() + more as usize, 0);
            }
            return result;
        }
        let kept = self.digits.len().saturating_sub(usize::try_from(-more).unwrap_or(usize::MAX));
        let exact = self.digits[kept..].iter().all(|d| *d == 0);
        result.digits.truncate(kept);
        if !exact {
            result.increment();
        }
        result
    }

    /// Adds one to the magnitude's last digit.
    pub(super) fn increment(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit < 9 {
                *digit += 1;
                return;
            }
            *digit = 0;
        }
        self.digits.insert(0, 1);
    }

    /// Compares the numbers.
    pub(super) fn compare(&self, other: &Decimal) -> Ordering {
        let by_magnitude = || {
            let places = |d: &Decimal| d.digits.len() as i64 - i64::from(d.scale);
            places(self).cmp(&places(other)).then_with(|| {
                let longest = self.digits.len().max(other.digits.len());
                let padded = |d: &Decimal| d.digits.clone().into_iter().chain(std::iter::repeat(0)).take(longest);
                padded(self).cmp(padded(other))
            })
        };
        self.sign().cmp(&other.sign()).then_with(|| match self.sign() {
            0 => Ordering::Equal,
            1 => by_magnitude(),
            _ => by_magnitude().reverse(),
        })
    }

    /// The sum, with the larger of the two scales. Of numbers too far apart only the larger counts.
    pub(super) fn add(&self, other: &Decimal) -> Decimal {
        let scale = self.scale.max(other.scale);
        if (i64::from(self.scale) - i64::from(other.scale)).abs() > FARTHEST {
            let magnitude = |d: &Decimal| if d.sign() == 0 { i64::MIN } else { d.digits.len() as i64 - i64::from(d.scale) };
            return if magnitude(self) >= magnitude(other) { self.clone() } else { other.clone() };
        }
        let (a, b) = (self.round_up(scale), other.round_up(scale));
        let width = a.digits.len().max(b.digits.len()) + 1;
        let mut sum = vec![0i8; width];
        for (dec, negate) in [(&a, a.negative), (&b, b.negative)] {
            let from = width - dec.digits.len();
            for (place, digit) in sum[from..].iter_mut().zip(&dec.digits) {
                *place += if negate { -(*digit as i8) } else { *digit as i8 };
            }
        }
        // The sign is that of the larger magnitude; with it taken out, carries and borrows leave digits of 0–9.
        let magnitudes = Decimal { negative: false, ..a.clone() }.compare(&Decimal { negative: false, ..b.clone() });
        let negative = if magnitudes == Ordering::Less { b.negative } else { a.negative };
        let mut carry = 0i8;
        for place in sum.iter_mut().rev() {
            let digit = if negative { -*place } else { *place } + carry;
            *place = digit.rem_euclid(10);
            carry = digit.div_euclid(10);
        }
        Decimal::new(negative, sum.iter().map(|d| b'0' + *d as u8), scale)
    }

    /// The magnitude's lowest 64 bits with its sign, as Go's `big.Int.Int64` returns.
    pub(super) fn low_bits(&self) -> i64 {
        let low = self.digits.iter().fold(0u64, |n, d| n.wrapping_mul(10).wrapping_add(u64::from(*d))) as i64;
        if self.negative { low.wrapping_neg() } else { low }
    }

    /// `scaledValue`: the number with `scale` digits behind the point, as an integer that may overflow.
    pub(super) fn scaled_value(&self, scale: i64) -> i64 {
        let fewer = i64::from(self.scale) - scale;
        if fewer <= 0 {
            // 2⁶⁴ divides 10⁶⁴, so more than 63 zeros leave nothing.
            return (0..(-fewer).min(64)).fold(self.low_bits(), |n, _| n.wrapping_mul(10));
        }
        // Go divides numbers below 2⁶³ by their lowest bits and towards zero, even when they are far below −2⁶³; longer ones downwards.
        let most = Quantity::from_i64(i64::MAX, Format::DecimalSi).amount.decimal();
        if fewer < 19 && (Decimal { scale: 0, ..self.clone() }).compare(&most) == Ordering::Less {
            let (low, divisor) = (self.low_bits(), 10i64.pow(fewer as u32));
            return low / divisor + i64::from(low % divisor != 0);
        }
        let kept = self.digits.len().saturating_sub(usize::try_from(fewer).unwrap_or(usize::MAX));
        let exact = self.digits[kept..].iter().all(|d| *d == 0);
        let quotient = Decimal { negative: self.negative, digits: self.digits[..kept].to_vec(), scale: 0 };
        let downwards = quotient.low_bits().wrapping_sub(i64::from(self.negative && !exact));
        downwards.wrapping_add(i64::from(!exact))
    }

    /// Mantissa and exponent, a multiple of three.
    pub(super) fn canonical(&self) -> (String, i32) {
        let zeros = self.digits.iter().rev().take_while(|d| **d == 0).count();
        let mut stripped = self.clone();
        stripped.digits.truncate(self.digits.len() - zeros);
        let exponent = self.scale.wrapping_neg().wrapping_add(zeros as i32);
        let spare = exponent.rem_euclid(3);
        stripped.digits.resize(stripped.digits.len() + spare as usize, 0);
        (stripped.text(), exponent.wrapping_sub(spare))
    }

    /// Mantissa and power of 1024 of a whole number.
    pub(super) fn canonical_1024(&self) -> (String, i32) {
        let mut whole = self.round_up(0);
        let mut times = 0;
        while whole.sign() != 0 {
            let mut rest = 0u32;
            let quotient: Vec<u8> = whole
                .digits
                .iter()
                .map(|d| {
                    rest = rest * 10 + u32::from(*d);
                    let digit = rest / 1024;
                    rest %= 1024;
                    digit as u8 + b'0'
                })
                .collect();
            if rest != 0 {
                break;
            }
            whole = Decimal::new(whole.negative, quotient.into_iter(), 0);
            times += 1;
        }
        (whole.text(), times)
    }
}
