//! The text of a file of settings, whatever the editor made of it.

/// Bytes that are no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, byte {column} is {byte:#04x}, which is no UTF-8: save the file as UTF-8")]
pub struct NotText {
    /// The line, from 1.
    pub line: usize,
    /// The byte in the line, from 1.
    pub column: usize,
    /// The byte.
    pub byte: u8,
}

/// The text: UTF-8, or UTF-16 as some editors and shells save it, with a mark or without.
///
/// # Errors
///
/// Where there is a byte that fits neither.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, NotText> {
    let little = |pair: &[u8]| u16::from_le_bytes([pair[0], pair[1]]);
    let big = |pair: &[u8]| u16::from_be_bytes([pair[0], pair[1]]);
    let wide = |bytes: &[u8], unit: &dyn Fn(&[u8]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(unit).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => return Ok(wide(rest, &little)),
        [0xfe, 0xff, rest @ ..] => return Ok(wide(rest, &big)),
        // What begins with an ASCII character is without a mark too.
        [1..=0x7f, 0, ..] => return Ok(wide(bytes, &little)),
        [0, 1..=0x7f, ..] => return Ok(wide(bytes, &big)),
        _ => {}
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line_start = before.iter().rposition(|&byte| byte == b'\n');
            Err(NotText {
                line: 1 + before.iter().filter(|&&byte| byte == b'\n').count(),
                column: before.len() - line_start.map_or(0, |newline| newline + 1) + 1,
                byte: bytes[before.len()],
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_as_editors_save_it() {
        let text = "name: é\n";
        let units = || text.encode_utf16();
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        let marked = |mark: [u8; 2], bytes: &[u8]| [&mark, bytes].concat();
        for bytes in [
            text.as_bytes().to_vec(),
            marked([0xff, 0xfe], &little),
            marked([0xfe, 0xff], &big),
            little.clone(),
            big.clone(),
        ] {
            assert_eq!(decode(&bytes).unwrap(), text);
        }
        assert_eq!(decode(b"").unwrap(), "");
        let error = decode(b"name: a\nx: caf\xe9\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2, byte 7 is 0xe9, which is no UTF-8: save the file as UTF-8"
        );
    }
}
