"""words: what the page says in its own words, in English and Japanese. What came off the wire, and what rules wrote, is not here."""

from __future__ import annotations

from typing import Literal, get_args

from l2tpscope.output.web.terms import DIRECTION, HEADS, RULES, TABLES, VALUES

Lang = Literal["en", "ja"]
LANGS: tuple[Lang, ...] = get_args(Lang)

WORDS: dict[str, tuple[str, str]] = {
    "title": ("L2TP report", "L2TP 解析レポート"),
    "skip": ("Skip to the verdict", "判定へ移動"),
    "contents": ("Contents", "目次"),
    "theme": ("Colours", "配色"),
    "theme-auto": ("as the system", "システムに従う"),
    "theme-light": ("light", "ライト"),
    "theme-dark": ("dark", "ダーク"),
    "noscript": (
        "Without JavaScript, timeline and charts are not drawn and tables cannot be sorted; everything else is here.",
        "JavaScript が無効なため、時系列とグラフは描画されず、表の並べ替えもできません。その他の内容はすべて表示されます。",
    ),
    # ---- sections
    "verdict": ("Verdict", "判定"),
    "findings": ("Findings", "所見"),
    "timeline": ("Timeline", "時系列"),
    "rtt": ("Round trips", "往復時間 (RTT)"),
    "loss": ("Loss", "損失"),
    "throughput": ("Throughput", "スループット"),
    "ladders": ("Ladders", "シーケンス図"),
    "tables": ("Tables", "表"),
    "methods": ("Methods and limits", "測定方法と限界"),
    "about": ("About this report", "このレポートについて"),
    # ---- verdict
    "nothing": ("No L2TP, IKE or ESP was seen.", "L2TP・IKE・ESP のパケットは見つかりませんでした。"),
    "nothing-more": (
        "Was it the right interface, and did a capture filter keep UDP 500, 4500, 1701, ESP and IP protocol 115? "
        "L2TP on another UDP port is found with --port N.",
        "インターフェイスは正しいか、キャプチャフィルターが UDP 500・4500・1701、ESP、IP プロトコル 115 を落としていないかを"
        "確認してください。別の UDP ポートの L2TP は --port N で読み取れます。",
    ),
    "no-finding": ("Nothing was found that is wrong.", "問題は見つかりませんでした。"),
    "no-finding-more": (
        "That is no proof that all is well: what no capture can show is under methods and limits.",
        "ただし、問題がないことの証明ではありません。キャプチャから分からないことは「測定方法と限界」にあります。",
    ),
    "interrupted": ("Interrupted: this is what had been read until then.", "読み込みが中断されました。ここまでに読んだ範囲の結果です。"),
    "errors": ("{n} errors", "エラー {n} 件"),
    "warnings": ("{n} warnings", "警告 {n} 件"),
    "infos": ("{n} remarks", "参考 {n} 件"),
    "one-error": ("1 error", "エラー 1 件"),
    "one-warning": ("1 warning", "警告 1 件"),
    "one-info": ("1 remark", "参考 1 件"),
    "connections": ("connections", "接続"),
    "one-connection": ("connection", "接続"),
    "filter-lanes": ("Show connections that contain", "接続を絞り込む"),
    "quality": ("quality of the capture", "キャプチャの品質"),
    "frames": ("frames", "フレーム数"),
    "span": ("span", "期間"),
    "drops": ("drops reported", "取りこぼし (申告値)"),
    "directions": ("directions", "方向"),
    "one-sided": ("one only", "片方向のみ"),
    "two-sided": ("both", "双方向"),
    "file": ("file", "ファイル"),
    "notes": ("Notes", "注記"),
    "unknown": ("not known", "不明"),
    # ---- findings
    "filter-findings": ("Show findings that contain", "所見を絞り込む"),
    "severity": ("severity", "重大度"),
    "all": ("all", "すべて"),
    "evidence": ("Evidence", "根拠となるフレーム"),
    "frame": ("frame", "フレーム"),
    "capture": ("capture", "キャプチャ"),
    "when": ("When", "時刻"),
    "against": ("Speaks against it", "反証"),
    "alternatives": ("May also be", "他の可能性"),
    "advice": ("What to do", "対処"),
    "filter": ("Wireshark filter", "Wireshark フィルター"),
    "copy": ("Copy", "コピー"),
    "copied": ("Copied", "コピーしました"),
    "follows": ("Probably follows from", "おそらく次の所見の結果"),
    "times": ("times", "回"),
    "to": ("to", "〜"),
    # ---- pictures
    "zoom-in": ("Zoom in", "拡大"),
    "zoom-out": ("Zoom out", "縮小"),
    "earlier": ("Earlier", "前へ"),
    "later": ("Later", "後へ"),
    "whole": ("Whole capture", "全体"),
    "zoom-help": (
        "Drag over the picture to zoom; Ctrl and the wheel, or + − ← → 0 on the keyboard. Timeline and charts move together.",
        "ドラッグで拡大、Ctrl+ホイール、またはキーボードの + − ← → 0 でも操作できます。時系列とグラフは連動します。",
    ),
    "timeline-about": (
        "IKE SAs, ESP SAs, tunnels and sessions of each connection, from their first to their last sign.",
        "接続ごとの IKE SA・ESP SA・トンネル・セッションを、最初から最後の兆候まで示します。",
    ),
    "IKE SA": ("IKE SA", "IKE SA"),
    "ESP SA": ("ESP SA", "ESP SA"),
    "tunnel": ("tunnel", "トンネル"),
    "session": ("session", "セッション"),
    "broken": ("refused, failed, unanswered or lost", "拒否・失敗・無応答・断"),
    "beyond": ("goes on after the capture", "キャプチャ終了後も継続"),
    "hello": ("HELLO", "HELLO"),
    "again": ("sent again", "再送"),
    "rekeying": ("rekeying, move or ICMP error", "鍵更新・移動・ICMP エラー"),
    "finding": ("finding", "所見"),
    "no-vpn": ("of no connection", "接続なし"),
    "lanes-left": ("{n} more connections are not drawn.", "他 {n} 件の接続は描画していません。"),
    "no-rtt": ("No round trip could be measured.", "測定できた往復時間はありません。"),
    "rtt-about": (
        "Each from the tap to one side and back; the two sides are never mixed. Hollow marks are not clean samples "
        "(ambiguous, cumulative, at an edge, inferred), and are not in the statistics.",
        "観測点から各側までの往復です。両側は混ぜません。白抜きは信頼できない標本(曖昧・累積・端・推定)で、統計に含みません。",
    ),
    "rtt-thinned": (
        "{n} round trips; of each side and quality the smallest, middle and largest of each stretch of time are drawn.",
        "往復時間 {n} 件。側と品質ごとに、各時間区間の最小・中央・最大の標本のみ描画しています。",
    ),
    "side-initiator": ("side of the initiator", "開始側 (initiator)"),
    "side-responder": ("side of the responder", "応答側 (responder)"),
    "clean": ("clean", "良質"),
    "not-clean": ("not clean", "良質でない"),
    "side": ("side", "側"),
    "kind": ("kind", "種類"),
    "statistics": ("Round trips in numbers", "往復時間の統計"),
    "samples": ("clean samples", "良質な標本数"),
    "others": ("others", "その他の標本数"),
    "min": ("min ms", "最小 ms"),
    "p50": ("median ms", "中央値 ms"),
    "p95": ("p95 ms", "95% 値 ms"),
    "max": ("max ms", "最大 ms"),
    "no-loss": ("No loss could be measured.", "測定できた損失はありません。"),
    "loss-about": (
        "Over time: shares of stretches with at least 50 numbers each (data and ESP that are numbered). Below: lost of expected, with the 95 % interval (Wilson). By numbers (l2tp, esp): what was lost before the tap, or by the capture itself. "
        "Echoes: requests without an answer, lost on either way. tcp: segments that were sent again.",
        "推移は、番号が 50 以上ある区間ごとの割合です(番号付きのデータと ESP)。その下は期待数に対する損失と 95% 信頼区間 (Wilson) です。番号による損失 (l2tp, esp) は観測点より手前、またはキャプチャ自身のもの、"
        "echo は応答のない要求 (往復どちらの損失も含む)、tcp は再送されたセグメントです。",
    ),
    "loss-over-time": ("Loss over time", "損失の推移"),
    "lost-course": ("lost", "損失"),
    "late-course": ("reordered", "順序逆転"),
    "loss-left": ("{n} more are in the table.", "他 {n} 件は表にあります。"),
    "not-measurable": ("Not measurable", "測定不能"),
    "suspect": ("the capture itself may have lost them", "キャプチャ自身の取りこぼしの可能性あり"),
    "of": ("of", "/"),
    "no-throughput": ("No data were carried.", "データの転送はありません。"),
    "throughput-about": (
        "IP datagrams, headers included, in bits a second. L2TP in clear and ESP are never added: a capture may hold the same packet as both.",
        "IP データグラム(ヘッダー込み)の毎秒ビット数です。同じパケットが両方に現れうるため、平文の L2TP と ESP は合算しません。",
    ),
    "series": ("show", "表示"),
    "all-sessions": ("all sessions, L2TP in clear", "全セッション(平文の L2TP)"),
    "all-esp": ("all ESP SAs", "全 ESP SA"),
    "to_responder": ("to the responder", "応答側へ"),
    "to_initiator": ("to the initiator", "開始側へ"),
    "bit-a-second": ("bit/s, mean of {n} s", "bit/s ({n} 秒間の平均)"),
    # ---- ladders and tables
    "ladders-left": (
        "{n} more connections are not drawn, the worst are: l2tpscope ladder --vpn N FILE draws any of them.",
        "他 {n} 件の接続は省略しました(問題のあるものを優先)。l2tpscope ladder --vpn N FILE で描画できます。",
    ),
    "no-ladder": ("There is no connection to draw.", "描画する接続はありません。"),
    "ladder-of": ("vpn {n}", "vpn {n}"),
    "rows": ("rows", "行"),
    "filter-rows": ("Show rows that contain", "行を絞り込む"),
    "sort": ("sort", "並べ替え"),
    "statistics-cut": ("The first {n} of {all} rows.", "全 {all} 行のうち最初の {n} 行です。"),
    "cut": ("The first {n} of {all} rows; all of them: {command}", "全 {all} 行のうち最初の {n} 行。全行: {command}"),
    "remarks": ("remarks", "備考"),
    "empty": ("Nothing in: {tables}", "内容なし: {tables}"),
    "data": (
        "The document of l2tpscope summary --format json is in this page, in the element #l2tpscope-data.",
        "l2tpscope summary --format json の文書を、このページの要素 #l2tpscope-data に埋め込んでいます。",
    ),
    "data-cut": ("Of these tables only the first {n} rows: {tables}.", "次の表は最初の {n} 行のみ: {tables}。"),
    "tool": ("made by", "作成"),
    "schema": ("schema", "スキーマ"),
    "options": ("options", "オプション"),
    "hash": ("SHA-256", "SHA-256"),
    "hash-none": ("not a file that can be read again", "再読み込みできる通常のファイルではありません"),
    "english": ("", "所見の本文は英語のままです。"),
}
"""By key: English, Japanese. Braces are filled in."""

LIMITS: tuple[tuple[str, str], ...] = (
    (
        "A tap sees two round trips, to either side and back. Each includes what that side took: the minimum speaks of the path, the "
        "median of the side. The two minima may be added, single samples not.",
        "観測点から見える往復は、それぞれの側への 2 つです。その側の処理時間を含むため、最小値は経路を、中央値は装置を表します。"
        "両側の最小値は足せますが、個々の標本は足せません。",
    ),
    (
        "Of a message that was sent again, nobody can know which copy was answered (Karn's rule): such samples are marked, and not in the statistics.",
        "再送されたメッセージでは、どの送信への応答か分かりません(Karn の規則)。このような標本は印を付け、統計から除きます。",
    ),
    (
        "A gap in the numbers proves loss between the sender and the tap, or in the capture itself. Loss after the tap shows only where a "
        "sender repeats. Data without sequence numbers: not measurable, which is not 0.",
        "番号の欠落は、送信側と観測点の間、またはキャプチャ自身の損失を示します。観測点より先の損失は再送がある場合にしか現れません。"
        "シーケンス番号のないデータの損失は「測定不能」で、0 ではありません。",
    ),
    (
        "Nothing is decrypted. What follows from lengths and times of ciphertext is marked likely or hint; padding to one length (TFC) voids it.",
        "復号は行いません。暗号文の長さと時刻からの推定は likely・hint と表示し、長さを揃えるパディング (TFC) があると成り立ちません。",
    ),
    (
        "What the capture missed it cannot show: read its quality first. Seen in one direction only, silence proves nothing.",
        "キャプチャが取りこぼしたものは分かりません。まず品質を確認してください。片方向のみの場合、無応答は証明できません。",
    ),
    (
        "A wire shows what was said, not why someone configured it so. Grades: certain was seen; likely and hint have other explanations.",
        "通信から分かるのは何が送られたかで、なぜそう設定したかは分かりません。certain は観測された事実、likely と hint には別の説明もありえます。",
    ),
)
"""What the page says of itself: English, Japanese."""


class Say:
    """The words of one language."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang
        self.at = LANGS.index(lang)

    def __call__(self, key: str, **values: object) -> str:
        """The words of a key, filled in."""
        return WORDS[key][self.at].format(**values)

    def value(self, word: str) -> str:
        """A value of a table, with the word of JSON beside it, since that is what people search for."""
        other = VALUES.get(word) if self.lang == "ja" else None
        return f"{other} ({word})" if other else word

    def head(self, name: str) -> str:
        """The head of a column."""
        return HEADS.get(name, name) if self.lang == "ja" else name or DIRECTION[0]

    def table(self, name: str) -> str:
        """The name of a table."""
        return TABLES[name][self.at]

    def rule(self, number: str, name: str) -> str:
        """What a finding is about."""
        return RULES.get(number, name) if self.lang == "ja" else name.replace("-", " ")

    def limits(self) -> list[str]:
        """Methods and limits, a paragraph each."""
        return [pair[self.at] for pair in LIMITS]
