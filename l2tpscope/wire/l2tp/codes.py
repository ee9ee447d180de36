"""Numbers that have names: message types, and the enumerations and bits inside AVPs.

An enumeration is an OpenEnum: unknown numbers are members too. Bits are an int that can list the names of those set.
*Source*: RFC 2661, RFC 3931 and the RFC named at each; the IANA registry "Layer Two Tunneling Protocol (L2TP) Parameters".
"""

from __future__ import annotations

from typing import ClassVar

from l2tpscope.core.codes import OpenEnum

_VENDOR_SHIFT = 16


class MessageType(OpenEnum):
    """The type of a control message; that of a vendor is `vendor << 16 | number`."""

    UNREADABLE = -1
    """AVPs are there, but no Message Type could be read."""
    SCCRQ = 1
    SCCRP = 2
    SCCCN = 3
    STOPCCN = 4
    HELLO = 6
    OCRQ = 7
    OCRP = 8
    OCCN = 9
    ICRQ = 10
    ICRP = 11
    ICCN = 12
    CDN = 14
    WEN = 15
    SLI = 16
    MDMST = 17
    SRRQ = 18
    SRRP = 19
    ACK = 20
    FSQ = 21
    FSR = 22
    MSRQ = 23
    MSRP = 24
    MSE = 25
    MSI = 26
    MSEN = 27
    CSUN = 28
    CSURQ = 29
    CISCO_ACK = 9 << _VENDOR_SHIFT
    ERICSSON_TRANSPORT_CONFIGURATION_NOTIFICATION = 193 << _VENDOR_SHIFT
    ERICSSON_PERFORMANCE_NOTIFICATION = 193 << _VENDOR_SHIFT | 1
    ERICSSON_TRANSPORT_CONFIGURATION_REQUEST = 193 << _VENDOR_SHIFT | 2
    ERICSSON_TRANSPORT_CONFIGURATION_RESPONSE = 193 << _VENDOR_SHIFT | 3
    ERICSSON_ABIS_LOWER_TRANSPORT_CONFIG_REQUEST = 193 << _VENDOR_SHIFT | 4
    ERICSSON_ABIS_LOWER_TRANSPORT_CONFIG_RESPONSE = 193 << _VENDOR_SHIFT | 5
    ERICSSON_LOCAL_CONNECT_CHANNEL_STATUS_NOTIFICATION = 193 << _VENDOR_SHIFT | 6
    ASCEND_MDMST = 529 << _VENDOR_SHIFT | 2

    @classmethod
    def of(cls, vendor: int, number: int) -> MessageType:
        """The type that a Message Type AVP of *vendor* names."""
        return cls(vendor << _VENDOR_SHIFT | number)

    @classmethod
    def unknown_name(cls, value: int) -> str:
        """`UNKNOWN_<n>`, or `VENDOR_<v>_<n>`."""
        if value >> _VENDOR_SHIFT:
            return f"VENDOR_{value >> _VENDOR_SHIFT}_{value & 0xFFFF}"
        return f"UNKNOWN_{value}"

    @property
    def vendor(self) -> int:
        """Whose type it is; 0: the IETF's."""
        return max(0, self._value_ >> _VENDOR_SHIFT)

    @property
    def number(self) -> int:
        """The number on the wire; -1 where there was none."""
        return self._value_ & 0xFFFF if self._value_ >= 0 else -1

    @property
    def label(self) -> str:
        """As the RFCs write it."""
        return "StopCCN" if self is MessageType.STOPCCN else self._name_

    @property
    def title(self) -> str:
        """In words."""
        return MESSAGE_TITLES.get(self, self._name_.replace("_", " ").capitalize())


MESSAGE_TITLES: dict[MessageType, str] = {
    MessageType.SCCRQ: "Start-Control-Connection-Request",
    MessageType.SCCRP: "Start-Control-Connection-Reply",
    MessageType.SCCCN: "Start-Control-Connection-Connected",
    MessageType.STOPCCN: "Stop-Control-Connection-Notification",
    MessageType.HELLO: "Hello",
    MessageType.OCRQ: "Outgoing-Call-Request",
    MessageType.OCRP: "Outgoing-Call-Reply",
    MessageType.OCCN: "Outgoing-Call-Connected",
    MessageType.ICRQ: "Incoming-Call-Request",
    MessageType.ICRP: "Incoming-Call-Reply",
    MessageType.ICCN: "Incoming-Call-Connected",
    MessageType.CDN: "Call-Disconnect-Notify",
    MessageType.WEN: "WAN-Error-Notify",
    MessageType.SLI: "Set-Link-Info",
    MessageType.MDMST: "Modem-Status",
    MessageType.SRRQ: "Service-Relay-Request",
    MessageType.SRRP: "Service-Relay-Reply",
    MessageType.ACK: "Explicit Acknowledgement",
    MessageType.FSQ: "Failover-Session-Query",
    MessageType.FSR: "Failover-Session-Response",
    MessageType.MSRQ: "Multicast-Session-Request",
    MessageType.MSRP: "Multicast-Session-Response",
    MessageType.MSE: "Multicast-Session-Establishment",
    MessageType.MSI: "Multicast-Session-Information",
    MessageType.MSEN: "Multicast-Session-End-Notify",
    MessageType.CSUN: "Connect-Speed-Update-Notification",
    MessageType.CSURQ: "Connect-Speed-Update-Request",
    MessageType.CISCO_ACK: "Cisco Acknowledgement",
    MessageType.ERICSSON_TRANSPORT_CONFIGURATION_NOTIFICATION: "Ericsson Transport Configuration Notification",
    MessageType.ERICSSON_PERFORMANCE_NOTIFICATION: "Ericsson Performance Notification",
    MessageType.ERICSSON_TRANSPORT_CONFIGURATION_REQUEST: "Ericsson Transport Configuration Request",
    MessageType.ERICSSON_TRANSPORT_CONFIGURATION_RESPONSE: "Ericsson Transport Configuration Response",
    MessageType.ERICSSON_ABIS_LOWER_TRANSPORT_CONFIG_REQUEST: "Ericsson Abis Lower Transport Config Request",
    MessageType.ERICSSON_ABIS_LOWER_TRANSPORT_CONFIG_RESPONSE: "Ericsson Abis Lower Transport Config Response",
    MessageType.ERICSSON_LOCAL_CONNECT_CHANNEL_STATUS_NOTIFICATION: "Ericsson Local Connect Channel Status Notification",
    MessageType.ASCEND_MDMST: "Modem-Status (early, Ascend)",
}


class ProxyAuthenType(OpenEnum):
    """How the LAC authenticated the user (RFC 2661 §4.4.5)."""

    TEXTUAL = 1
    PPP_CHAP = 2
    PPP_PAP = 3
    NO_AUTHENTICATION = 4
    MSCHAPV1 = 5
    EAP = 7


class PseudowireType(OpenEnum):
    """What an L2TPv3 session carries (IANA; 7 and 11 as Cisco and Wireshark use them)."""

    FRAME_RELAY_DLCI = 0x0001
    ATM_AAL5_SDU_VCC = 0x0002
    ATM_CELL_PORT = 0x0003
    ETHERNET_VLAN = 0x0004
    ETHERNET_PORT = 0x0005
    HDLC = 0x0006
    PPP = 0x0007
    ATM_CELL_VCC = 0x0009
    ATM_CELL_VPC = 0x000A
    IP = 0x000B
    MPEG_TS_MPT = 0x000C
    PSP = 0x000D
    SATOP_E1 = 0x0011
    SATOP_T1 = 0x0012
    SATOP_E3 = 0x0013
    SATOP_T3 = 0x0014
    CESOPSN_BASIC = 0x0015
    CESOPSN_CAS = 0x0017

    @property
    def title(self) -> str:
        """`Ethernet port`: all in lower case but names."""
        return PSEUDOWIRE_TITLES.get(self, self.name.replace("_", " "))


PSEUDOWIRE_TITLES = {
    PseudowireType.FRAME_RELAY_DLCI: "Frame Relay DLCI",
    PseudowireType.ATM_CELL_PORT: "ATM cell port",
    PseudowireType.ETHERNET_VLAN: "Ethernet VLAN",
    PseudowireType.ETHERNET_PORT: "Ethernet port",
    PseudowireType.ATM_CELL_VCC: "ATM cell VCC",
    PseudowireType.ATM_CELL_VPC: "ATM cell VPC",
    PseudowireType.SATOP_E1: "SAToP E1",
    PseudowireType.SATOP_T1: "SAToP T1",
    PseudowireType.SATOP_E3: "SAToP E3",
    PseudowireType.SATOP_T3: "SAToP T3",
    PseudowireType.CESOPSN_BASIC: "CESoPSN basic",
    PseudowireType.CESOPSN_CAS: "CESoPSN CAS",
}


class SublayerType(OpenEnum):
    """The L2-Specific Sublayer that the sender wants to receive (RFC 3931 §5.4.4)."""

    NONE = 0
    DEFAULT = 1
    ATM = 2
    MPT = 3
    PSP = 4


class DataSequencing(OpenEnum):
    """Which data packets the sender wants numbered (RFC 3931 §5.4.4)."""

    NONE = 0
    NON_IP = 1
    ALL = 2


class DigestType(OpenEnum):
    """How a Message Digest is computed (RFC 3931 §5.4.1)."""

    HMAC_MD5 = 0
    HMAC_SHA1 = 1


class AtmAlarmReason(OpenEnum):
    """RFC 4454 §8.1."""

    CLEARED = 1
    UNSPECIFIED = 2
    F1 = 3
    F2 = 4
    F3 = 5
    F4 = 6
    F5 = 7
    PORT_SHUTDOWN_AT_PEER = 8
    LOOPBACK_TIMEOUT = 9


class AtmAlarmType(OpenEnum):
    """RFC 4454 §8.1."""

    NO_TYPE = 1
    AIS = 2
    RDI = 3
    LOS = 4
    LOP = 5
    LOF = 6
    LB = 7
    CC = 8


class MulticastPriority(OpenEnum):
    """RFC 4045 §6.3."""

    BEST_EFFORT = 0
    UNICAST = 1
    MULTICAST = 2


class HoldTimeout(OpenEnum):
    """How long the modem may stay on hold (RFC 3573 §4.2)."""

    S_10 = 1
    S_20 = 2
    S_30 = 3
    S_40 = 4
    MIN_1 = 5
    MIN_2 = 6
    MIN_3 = 7
    MIN_4 = 8
    MIN_6 = 9
    MIN_8 = 10
    MIN_12 = 11
    MIN_16 = 12
    NO_LIMIT = 13


class LineType(OpenEnum):
    """ANCP access line type (RFC 5515 §5.18)."""

    ADSL1 = 1
    ADSL2 = 2
    ADSL2_PLUS = 3
    VDSL1 = 4
    VDSL2 = 5
    SDSL = 6
    UNKNOWN = 7


class AccessDataLink(OpenEnum):
    """RFC 5515 §5.17, first octet."""

    ATM_AAL5 = 0
    ETHERNET = 1


class AccessEncapsulation1(OpenEnum):
    """RFC 5515 §5.17, second octet."""

    NONE = 0
    UNTAGGED_ETHERNET = 1
    SINGLE_TAGGED_ETHERNET = 2


class AccessEncapsulation2(OpenEnum):
    """RFC 5515 §5.17, third octet."""

    NONE = 0
    PPPOA_LLC = 1
    PPPOA_NULL = 2
    IPOA_LLC = 3
    IPOA_NULL = 4
    EOA_LLC_FCS = 5
    EOA_LLC = 6
    EOA_NULL_FCS = 7
    EOA_NULL = 8


class Bits(int):
    """A number whose bits have names."""

    NAMES: ClassVar[dict[int, str]] = {}
    __slots__ = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the bits that are set, lowest first; what has no name comes last, as a number."""
        known = tuple(name for bit, name in self.NAMES.items() if self & bit)
        rest = self & ~sum(self.NAMES)
        return (*known, f"{rest:#x}") if rest else known

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'|'.join(self.names) or '0'})"

    def __str__(self) -> str:
        return ", ".join(self.names) or "none"


class FramingBits(Bits):
    """RFC 2661 §4.4.3: synchronous is the low bit."""

    NAMES = {0x1: "synchronous", 0x2: "asynchronous"}


class BearerBits(Bits):
    """RFC 2661 §4.4.3, RFC 3301."""

    NAMES = {0x1: "digital", 0x2: "analog", 0x4: "broadband"}


class CircuitStatusBits(Bits):
    """RFC 3931 §5.4.5, RFC 5641; without the active bit the circuit is down."""

    NAMES = {
        0x0001: "active",
        0x0002: "new",
        0x0004: "local circuit ingress fault",
        0x0008: "local circuit egress fault",
        0x0010: "local pseudowire ingress fault",
        0x0020: "local pseudowire egress fault",
        0x0040: "standby",
    }


class ServiceCategoryBits(Bits):
    """RFC 3301 §5."""

    NAMES = {0x0001: "real time"}


class FailoverBits(Bits):
    """RFC 4951 §5.1."""

    NAMES = {0x0001: "control channel", 0x0002: "data channel"}


class VccvChannelBits(Bits):
    """Control channel types (RFC 5085)."""

    NAMES = {0x01: "sublayer with V bit"}


class VccvVerificationBits(Bits):
    """Connectivity verification types (RFC 5085, 5885, 7885)."""

    NAMES = {
        0x01: "ICMP ping",
        0x04: "BFD IP/UDP fault detection",
        0x08: "BFD IP/UDP fault detection and status",
        0x10: "BFD PW-ACH fault detection",
        0x20: "BFD PW-ACH fault detection and status",
        0x40: "S-BFD IP/UDP",
        0x80: "S-BFD sublayer",
    }
