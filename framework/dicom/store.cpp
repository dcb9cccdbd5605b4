#include "framework/dicom/store.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmnet/scu.h>

#include <charconv>

#include "framework/base/error.h"
#include "framework/dicom/dcmtk.h"

namespace conclave::dicom {

StorePeer parse_peer(const std::string& text) {
  StorePeer peer;
  const size_t at = text.find('@'), colon = text.rfind(':');
  const size_t host = at == std::string::npos ? 0 : at + 1;
  if (at != std::string::npos) peer.called = text.substr(0, at);
  const bool parts =
      colon != std::string::npos && colon > host && !peer.called.empty() && peer.called.size() <= 16;
  if (parts) peer.host = text.substr(host, colon - host);
  const auto read = parts ? std::from_chars(text.data() + colon + 1, text.data() + text.size(), peer.port)
                          : std::from_chars_result{};
  require<UsageError>(
      parts && read.ec == std::errc() && read.ptr == text.data() + text.size() && peer.port > 0,
      "'{}': AE@HOST:PORT is wanted, the AE of at most 16 letters", text);
  return peer;
}

void store(const std::vector<std::filesystem::path>& files, const StorePeer& peer) {
  prepare_dcmtk();
  const auto check = [&](const OFCondition& done, const std::string& what) {
    require(done.good(), "{} at {}:{}: {}", what, peer.host, peer.port, done.text());
  };
  DcmSCU scu;
  scu.setAETitle(peer.calling.c_str());
  scu.setPeerAETitle(peer.called.c_str());
  scu.setPeerHostName(peer.host.c_str());
  scu.setPeerPort(peer.port);
  scu.setConnectionTimeout(10);
  scu.setACSETimeout(30);
  scu.setDIMSETimeout(60);
  OFList<OFString> syntaxes;
  syntaxes.push_back(UID_LittleEndianExplicitTransferSyntax);
  syntaxes.push_back(UID_LittleEndianImplicitTransferSyntax);
  for (const char* sop_class :
       {UID_ComprehensiveSRStorage, UID_EncapsulatedPDFStorage, UID_SegmentationStorage,
        UID_UltrasoundImageStorage, UID_UltrasoundMultiframeImageStorage})
    check(scu.addPresentationContext(sop_class, syntaxes), "C-STORE");
  check(scu.initNetwork(), "C-STORE");
  check(scu.negotiateAssociation(), "C-STORE: no association");
  for (const auto& file : files) {
    Uint16 status = 0;
    const OFCondition sent = scu.sendSTORERequest(0, file.c_str(), nullptr, status);
    if (sent.bad() || status != STATUS_Success) {
      scu.releaseAssociation();
      throw Error(fmt::format("{}: was not stored at {}:{}: {}", file.string(), peer.host, peer.port,
                              sent.bad() ? sent.text() : fmt::format("status {:04x}", status).c_str()));
    }
  }
  check(scu.releaseAssociation(), "C-STORE: release");
}

}  // namespace conclave::dicom
