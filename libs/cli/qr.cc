#include "cli/qr.h"

#include <qrencode.h>

#include <memory>

namespace st::cli {
namespace {

constexpr int kMargin = 4;

struct FreeCode {
    void operator()(QRcode* code) const { QRcode_free(code); }
};

}  // namespace

std::string qr_code(std::string_view text) {
    if (text.empty()) return {};
    const std::unique_ptr<QRcode, FreeCode> code(
        QRcode_encodeData(static_cast<int>(text.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), 0, QR_ECLEVEL_L));
    if (!code) return {};
    const int width = code->width;
    const auto is_light = [&](int x, int y) {
        const bool is_inside = x >= 0 && y >= 0 && x < width && y < width;
        return !is_inside || (code->data[y * width + x] & 1) == 0;
    };
    std::string drawn;
    for (int y = -kMargin; y < width + kMargin; y += 2) {
        for (int x = -kMargin; x < width + kMargin; ++x) {
            // Below the last row there is nothing to draw.
            const bool upper = is_light(x, y);
            const bool lower = y + 1 < width + kMargin && is_light(x, y + 1);
            drawn += upper ? (lower ? "\u2588" : "\u2580") : (lower ? "\u2584" : " ");
        }
        drawn += '\n';
    }
    return drawn;
}

}  // namespace st::cli
