#pragma once
/// The classes of CLI11 that declarations need. The library is one large header: only what declares
/// or reads options includes it.

namespace CLI {
class App;
class Option;
}  // namespace CLI
