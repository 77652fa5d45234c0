#pragma once
/// A QR code for terminals: two rows of modules in each line of text, by half blocks. Any thread.
#include <string>
#include <string_view>

namespace st::cli {

/// Lines with their line ends, 4 modules of margin around (ISO/IEC 18004); light modules are drawn,
/// so it reads on a dark terminal and, since phones read inverted codes too, on a light one. "" if
/// `text` is empty or too long for a code.
std::string qr_code(std::string_view text);

}  // namespace st::cli
