"""The errors of Windows Remote Access: number, name, what it means, what the wire shows.

*Source*: raserror.h (600 to 877) and winerror.h (138xx) for numbers and names; RFC 2759 §6 for the six that CHAP carries. What the wire
shows is inferred from the protocols, not measured, and so said wherever it is shown.
"""

from __future__ import annotations

from typing import NamedTuple


class WindowsError(NamedTuple):
    """One error."""

    number: int
    name: str
    meaning: str
    """Empty: it is in `wire.ppp.meanings.RAS_ERRORS`, for PPP carries the number too."""
    seen: str
    """What the wire shows; empty: unknown."""


ERRORS: tuple[WindowsError, ...] = (
    WindowsError(
        619,
        "ERROR_PORT_DISCONNECTED",
        "",
        "CDN or StopCCN soon after ICCN, or LCP Terminate-Request before any network protocol; with PPTP: GRE blocked",
    ),
    WindowsError(628, "ERROR_DISCONNECTION", "", "CDN, StopCCN or LCP Terminate-Request from the server during set-up"),
    WindowsError(629, "ERROR_REMOTE_DISCONNECTION", "", "LCP Terminate-Request, CDN or StopCCN from the peer"),
    WindowsError(
        631,
        "ERROR_USER_DISCONNECTION",
        "",
        "the client sends LCP Terminate-Request, CDN 3, StopCCN 6, then the IKE Delete: an ordinary end",
    ),
    WindowsError(
        633,
        "ERROR_PORT_NOT_AVAILABLE",
        "port or device in use or not set up",
        "usually nothing: it is local; or a second session is refused",
    ),
    WindowsError(645, "ERROR_AUTH_INTERNAL", "", ""),
    WindowsError(646, "ERROR_RESTRICTED_LOGON_HOURS", "", "CHAP Failure with E=646"),
    WindowsError(647, "ERROR_ACCT_DISABLED", "", "CHAP Failure with E=647"),
    WindowsError(648, "ERROR_PASSWD_EXPIRED", "", "CHAP Failure with E=648; Change-Password (code 7) may follow"),
    WindowsError(649, "ERROR_NO_DIALIN_PERMISSION", "", "CHAP Failure with E=649, then LCP Terminate-Request"),
    WindowsError(650, "ERROR_SERVER_NOT_RESPONDING", "the server does not respond", "SCCRQ or the first IKE message is repeated"),
    WindowsError(651, "ERROR_FROM_DEVICE", "the device reported an error", ""),
    WindowsError(678, "ERROR_NO_ANSWER", "no answer", "without IPsec: SCCRQ sent six times in about 31 s, no reply"),
    WindowsError(
        691,
        "ERROR_AUTHENTICATION_FAILURE",
        "",
        "CHAP Failure with E=691 (R=0 final, R=1 retry), PAP Nak, or authentication refused in LCP; then Terminate-Request and CDN",
    ),
    WindowsError(692, "ERROR_PORT_OR_DEVICE", "hardware failure of port or device", "nothing: it is local"),
    WindowsError(708, "ERROR_ACCT_EXPIRED", "", ""),
    WindowsError(709, "ERROR_CHANGING_PASSWORD", "", "Change-Password answered by CHAP Failure with E=709"),
    WindowsError(710, "ERROR_OVERRUN", "overrun of the port", "nothing: it is local"),
    WindowsError(718, "ERROR_PPP_TIMEOUT", "", "LCP Configure-Requests unanswered (ten of them), or no answer to a CHAP Response"),
    WindowsError(719, "ERROR_PPP_REMOTE_TERMINATED", "", "LCP Terminate-Request from the server"),
    WindowsError(
        720,
        "ERROR_PPP_NO_PROTOCOLS_CONFIGURED",
        "",
        "IPCP or IPV6CP refused by Protocol-Reject or a Reject of the address; no network protocol opens; CDN follows",
    ),
    WindowsError(721, "ERROR_PPP_NO_RESPONSE", "", "LCP after ICCN without any reply: no PPP daemon, the data path blocked, or the MTU"),
    WindowsError(722, "ERROR_PPP_INVALID_PACKET", "", "Code or Length of a PPP packet do not fit"),
    WindowsError(723, "ERROR_PHONE_NUMBER_TOO_LONG", "phone number too long", "nothing: it is local"),
    WindowsError(726, "ERROR_IPXCP_DIALOUT_ALREADY_ACTIVE", "IPX already dials out", "nothing: it is local"),
    WindowsError(732, "ERROR_PPP_NOT_CONVERGING", "", "Configure-Nak or -Reject of the same option again and again"),
    WindowsError(733, "ERROR_PPP_CP_REJECTED", "", "LCP Protocol-Reject of IPCP or CCP"),
    WindowsError(
        734, "ERROR_PPP_LCP_TERMINATED", "", "LCP Terminate-Request, or a Reject of authentication: often CHAP (C223) against PAP (C023)"
    ),
    WindowsError(735, "ERROR_PPP_REQUIRED_ADDRESS_REJECTED", "", "IPCP Reject or Nak of option 3, the address asked for"),
    WindowsError(736, "ERROR_PPP_NCP_TERMINATED", "", "IPCP Terminate-Request"),
    WindowsError(737, "ERROR_PPP_LOOPBACK_DETECTED", "", "the same LCP magic number from both"),
    WindowsError(738, "ERROR_PPP_NO_ADDRESS_ASSIGNED", "", "IPCP Nak with 0.0.0.0, or none"),
    WindowsError(741, "ERROR_NO_LOCAL_ENCRYPTION", "", "CCP: MPPE rejected (PPTP, or L2TP without IPsec)"),
    WindowsError(
        742, "ERROR_NO_REMOTE_ENCRYPTION", "", "CCP Reject of option 18 (MPPE) or Protocol-Reject of 80FD; Terminate-Request follows"
    ),
    WindowsError(743, "ERROR_REMOTE_REQUIRES_ENCRYPTION", "", "CCP Configure-Request from the server, which the client refuses"),
    WindowsError(751, "ERROR_INVALID_CALLBACK_NUMBER", "", "CBCP"),
    WindowsError(764, "ERROR_NO_SMART_CARD_READER", "no smart card reader", "nothing: it is local"),
    WindowsError(766, "ERROR_NO_CERTIFICATE", "no certificate was found", "nothing: it fails before IKE"),
    WindowsError(768, "ERROR_FAILED_TO_ENCRYPT", "data could not be encrypted", "IKE or ESP; seldom"),
    WindowsError(769, "ERROR_BAD_ADDRESS_SPECIFIED", "the destination cannot be reached", "ICMP unreachable, or no reply to IKE"),
    WindowsError(770, "ERROR_CONNECTION_REJECT", "the remote computer refused", "CDN 2 to 5"),
    WindowsError(771, "ERROR_CONGESTION", "the network is congested", "CDN 4"),
    WindowsError(
        778, "ERROR_UNABLE_TO_AUTHENTICATE_SERVER", "", "MS-CHAPv2 Success without the right S=; the client sends Terminate-Request"
    ),
    WindowsError(
        781,
        "ERROR_CERT_FOR_ENCRYPTION_NOT_FOUND",
        "no certificate for encryption was found",
        "IKE does not begin, or fails with certificates",
    ),
    WindowsError(784, "ERROR_NO_DIFF_USER_AT_LOGON", "a smart card or logon credentials rule forbids it", "nothing: it is local"),
    WindowsError(786, "ERROR_OAKLEY_NO_CERT", "no valid machine certificate", "no first IKE message, or one that offers no pre-shared key"),
    WindowsError(
        787,
        "ERROR_OAKLEY_AUTH_FAIL",
        "the peer could not be authenticated by the security layer",
        "MM5 or MM6 fails: AUTHENTICATION-FAILED, or silence and MM5 again",
    ),
    WindowsError(788, "ERROR_OAKLEY_ATTRIB_FAIL", "no common security parameters", "NO-PROPOSAL-CHOSEN (14) after MM1 or QM1"),
    WindowsError(
        789,
        "ERROR_OAKLEY_GENERAL_PROCESSING",
        "processing error in the first negotiation with the server",
        "IKE phase 1 breaks: MM5 repeated (wrong pre-shared key), PAYLOAD-MALFORMED, INVALID-HASH, no NAT-T, or the service is stopped",
    ),
    WindowsError(
        790,
        "ERROR_OAKLEY_NO_PEER_CERT",
        "the peer's certificate could not be validated",
        "a certificate payload or an Informational, then nothing",
    ),
    WindowsError(
        791, "ERROR_OAKLEY_NO_POLICY", "no security policy for the connection", "Quick Mode does not begin, or INVALID-ID-INFORMATION (18)"
    ),
    WindowsError(
        792, "ERROR_OAKLEY_TIMED_OUT", "the security negotiation timed out", "MM1 or MM3 repeated, no reply: UDP 500 or 4500 blocked"
    ),
    WindowsError(793, "ERROR_OAKLEY_ERROR", "error while security was negotiated", "an IKE error notify"),
    WindowsError(794, "ERROR_UNKNOWN_FRAMED_PROTOCOL", "", "refused after authentication (RADIUS attribute)"),
    WindowsError(795, "ERROR_WRONG_TUNNEL_TYPE", "", "refused after authentication (RADIUS attribute)"),
    WindowsError(796, "ERROR_UNKNOWN_SERVICE_TYPE", "", "refused after authentication (RADIUS attribute)"),
    WindowsError(797, "ERROR_CONNECTING_DEVICE_NOT_FOUND", "the connecting device was not found", "nothing: it is local"),
    WindowsError(798, "ERROR_NO_EAPTLS_CERTIFICATE", "", "nothing: it is local"),
    WindowsError(799, "ERROR_SHARING_HOST_ADDRESS_CONFLICT", "", "IPCP gives an address that is in use"),
    WindowsError(
        800,
        "ERROR_AUTOMATIC_VPN_FAILED",
        "no VPN protocol could connect",
        "all are tried in turn: IKEv2 (UDP 500, 4500), SSTP (TCP 443), L2TP, PPTP (TCP 1723)",
    ),
    WindowsError(
        801, "ERROR_VALIDATING_SERVER_CERT", "the server's certificate could not be validated", "IKE or EAP stops after the certificate"
    ),
    WindowsError(806, "ERROR_VPN_GRE_BLOCKED", "GRE of PPTP is blocked", "PPTP: TCP 1723 connects and GRE (IP protocol 47) is missing"),
    WindowsError(
        807,
        "ERROR_VPN_DISCONNECT",
        "the VPN connection was interrupted",
        "no CDN; Hello or keepalives unanswered: timeout of server or NAT",
    ),
    WindowsError(808, "ERROR_VPN_REFUSED", "the VPN server refused", "TCP reset (PPTP, SSTP), or ICMP unreachable for UDP 500 or 1701"),
    WindowsError(
        809, "ERROR_VPN_TIMEOUT", "the VPN server does not answer", "IKE on UDP 500 or 4500 unanswered, or the SA is up and not used"
    ),
    WindowsError(810, "ERROR_VPN_BAD_CERT", "a certificate for L2TP is bad", "IKE refuses the certificate"),
    WindowsError(
        811, "ERROR_VPN_BAD_PSK", "the pre-shared key for L2TP is bad", "MM5 answered by INVALID-HASH or PAYLOAD-MALFORMED, or not at all"
    ),
    WindowsError(812, "ERROR_SERVER_POLICY", "", "LCP Terminate-Request after authentication (RADIUS Access-Reject)"),
    WindowsError(825, "ERROR_INVALID_VPNSTRATEGY", "invalid VPN strategy", "nothing: it is local"),
    WindowsError(827, "ERROR_IPSEC_SERVICE_STOPPED", "the IPsec services are stopped", "nothing is sent"),
    WindowsError(828, "ERROR_IDLE_TIMEOUT", "", "the client sends Terminate-Request and StopCCN"),
    WindowsError(829, "ERROR_LINK_FAILURE", "", "Hello, echoes or DPD unanswered"),
    WindowsError(
        835,
        "ERROR_INVALID_SERVER_CERT",
        "the server's certificate is invalid for L2TP (name, purpose)",
        "MM6 brings the certificate, and the client answers with an Informational",
    ),
    WindowsError(838, "ERROR_UPDATECONNECTION_REQUEST_IN_PROCESS", "an update of the connection is going on", ""),
    WindowsError(840, "ERROR_INTERNAL_ADDRESS_FAILURE", "IKEv2 INTERNAL_ADDRESS_FAILURE (36)", "IKE_AUTH is answered with it, encrypted"),
    WindowsError(841, "ERROR_FAILED_CP_REQUIRED", "IKEv2 FAILED_CP_REQUIRED (37)", "IKE_AUTH is answered with it, encrypted"),
    WindowsError(842, "ERROR_TS_UNACCEPTABLE", "IKEv2 TS_UNACCEPTABLE (38)", "IKE_AUTH is answered with it, encrypted"),
    WindowsError(843, "ERROR_MOBIKE_DISABLED", "MOBIKE is disabled", ""),
    WindowsError(844, "ERROR_CANNOT_INITIATE_MOBIKE_UPDATE", "the MOBIKE update could not begin", ""),
    WindowsError(848, "ERROR_SSTP_COOKIE_SET_FAILURE", "the SSTP cookie could not be set", "SSTP only"),
    WindowsError(850, "ERROR_EAP_METHOD_NOT_INSTALLED", "", "the server asks for an EAP type that the client has not: EAP Nak"),
    WindowsError(853, "ERROR_EAP_USER_CERT_INVALID", "", "EAP-TLS alert"),
    WindowsError(857, "ERROR_EAP_SERVER_CERT_INVALID", "", "EAP-TLS alert"),
    WindowsError(868, "ERROR_DNSNAME_NOT_RESOLVABLE", "the DNS name could not be resolved", "a DNS query without answer, no IKE"),
    WindowsError(
        870, "ERROR_IKEV2_PSK_INTERFACE_ALREADY_EXISTS", "an IKEv2 interface with a pre-shared key exists already", "nothing: it is local"
    ),
    WindowsError(871, "ERROR_INVALID_DESTINATION_IP", "the destination address is invalid", "nothing: it is local"),
    WindowsError(
        13801,
        "ERROR_IPSEC_IKE_AUTH_FAIL",
        "IKE authentication credentials are not acceptable",
        "MM5, MM6 or IKE_AUTH fails; AUTHENTICATION_FAILED (24)",
    ),
    WindowsError(
        13806, "ERROR_IPSEC_IKE_NO_CERT", "no valid machine certificate", "nothing after the SA is agreed: it fails before authentication"
    ),
    WindowsError(13814, "ERROR_IPSEC_IKE_MM_DELAY_DROP", "Main Mode negotiation was dropped", "an IKE message unanswered"),
    WindowsError(13815, "ERROR_IPSEC_IKE_QM_DELAY_DROP", "Quick Mode negotiation was dropped", "Quick Mode messages repeated"),
    WindowsError(13816, "ERROR_IPSEC_IKE_ERROR", "general IKE error", ""),
    WindowsError(13825, "ERROR_IPSEC_IKE_NO_POLICY", "no policy is configured", "phase 1 or 2 is refused"),
    WindowsError(13826, "ERROR_IPSEC_IKE_INVALID_SIGNATURE", "a signature is invalid", "authentication with certificates fails"),
    WindowsError(13829, "ERROR_IPSEC_IKE_PROCESS_ERR", "an IKE message could not be processed", ""),
    WindowsError(13831, "ERROR_IPSEC_IKE_PROCESS_ERR_PROP", "the SA payload could not be processed", "NO_PROPOSAL_CHOSEN (14)"),
    WindowsError(13833, "ERROR_IPSEC_IKE_PROCESS_ERR_KE", "the KE payload could not be processed", "the groups differ"),
    WindowsError(13834, "ERROR_IPSEC_IKE_PROCESS_ERR_ID", "the ID payload could not be processed", "INVALID_ID_INFORMATION (18)"),
    WindowsError(13837, "ERROR_IPSEC_IKE_PROCESS_ERR_HASH", "the HASH payload could not be processed", "wrong pre-shared key"),
    WindowsError(13840, "ERROR_IPSEC_IKE_PROCESS_ERR_NOTIFY", "the Notify payload could not be processed", ""),
    WindowsError(13843, "ERROR_IPSEC_IKE_INVALID_PAYLOAD", "an invalid payload was received", "PAYLOAD_MALFORMED (16)"),
    WindowsError(13846, "ERROR_IPSEC_IKE_INVALID_COOKIE", "an invalid cookie was received", "INVALID_COOKIE (4)"),
    WindowsError(13850, "ERROR_IPSEC_IKE_NO_MM_POLICY", "no Main Mode policy", "MM1 answered by NO_PROPOSAL_CHOSEN (14)"),
    WindowsError(13864, "ERROR_IPSEC_IKE_DH_FAILURE", "the Diffie-Hellman computation failed", ""),
    WindowsError(13865, "ERROR_IPSEC_IKE_INVALID_GROUP", "the Diffie-Hellman group is invalid", "a group that the peer does not support"),
    WindowsError(13867, "ERROR_IPSEC_IKE_DECRYPT", "decryption failed", "wrong pre-shared key"),
    WindowsError(
        13868,
        "ERROR_IPSEC_IKE_POLICY_MATCH",
        "the policies do not match",
        "NO_PROPOSAL_CHOSEN (14), or an authentication method that the peer has not",
    ),
    WindowsError(13869, "ERROR_IPSEC_IKE_UNSUPPORTED_ID", "unsupported identity", "INVALID_ID_INFORMATION (18)"),
    WindowsError(13870, "ERROR_IPSEC_IKE_INVALID_HASH", "a hash is invalid", "wrong pre-shared key"),
    WindowsError(13882, "ERROR_IPSEC_IKE_MM_LIMIT", "the limit of Main Modes is reached", "the server is overloaded"),
    WindowsError(13883, "ERROR_IPSEC_IKE_NEGOTIATION_DISABLED", "negotiation is disabled", ""),
)
"""Those that have to do with L2TP, PPP or IPsec."""
