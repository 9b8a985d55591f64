"""Every colour and size of the window: one palette table, one stylesheet made from it.

Colours with a meaning are the same in both themes and never stand alone: a sign, a word or a line style always says
the same thing. They keep apart under the common kinds of colour blindness.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from string import Template
from typing import Literal

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from aln_desk import paths
from aln_desk.domain.labels import DEFAULT, Label, label_of
from aln_desk.domain.shape import class_of

ThemeName = Literal["reading", "light"]

ACCENT = "#7aa2f7"
POSITIVE = "#f2994a"
NEGATIVE = "#56b4e9"
UNCERTAIN = "#9aa0a8"
DRAWN = "#4cd6a0"
NODE_DRAWN = "#f0e442"
OTHER_DRAWN = "#c9ced6"
"""Of a tumour, a lymph node, and of what is neither, where the project says nothing else."""
PREDICTED = "#e879f9"
CAM = "#fb8c00"
IMAGE_ROOM = "#000000"
"""Colour around an image, in both themes: nothing beside an image is brighter than it."""

BODY = 13
CAPTION = 11


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of the chrome (``#rrggbb``), from the ground up."""

    window: str
    sunken: str
    raised: str
    hover: str
    line: str
    strong_line: str
    text: str
    muted: str
    disabled: str
    accent: str
    accent_text: str
    button: str
    button_hover: str
    button_text: str
    selection: str
    warning: str
    warning_line: str
    warning_text: str
    error: str
    error_line: str
    error_text: str


READING = Palette(
    window="#1b1e23",
    sunken="#131519",
    raised="#24282f",
    hover="#2c313a",
    line="#2b2f37",
    strong_line="#3d434e",
    text="#dfe2e7",
    muted="#929aa6",
    disabled="#737b87",
    accent="#7aa2f7",
    accent_text="#10131a",
    button="#3b5bdb",
    button_hover="#4a6aea",
    button_text="#eef1f8",
    selection="#293144",
    warning="#2c2718",
    warning_line="#6f5d24",
    warning_text="#e0c060",
    error="#36201f",
    error_line="#8a4441",
    error_text="#f0a8a2",
)

LIGHT = Palette(
    window="#e4e6e9",
    sunken="#d6d9dd",
    raised="#eff0f2",
    hover="#dadde2",
    line="#c8ccd2",
    strong_line="#a4abb5",
    text="#1e2228",
    muted="#525a66",
    disabled="#6d7480",
    accent="#2f55c8",
    accent_text="#f4f5f7",
    button="#3454c4",
    button_hover="#2a48b0",
    button_text="#f4f5f7",
    selection="#c8d3ee",
    warning="#f0e6c4",
    warning_line="#b79a3c",
    warning_text="#5c4a08",
    error="#f2d8d5",
    error_line="#b8615a",
    error_text="#7c211a",
)

PALETTES: dict[ThemeName, Palette] = {"reading": READING, "light": LIGHT}

_STYLE = Template("""
QWidget { color: $text; font-size: 13px; }
QMainWindow, QDialog, QMenu, QMenuBar, QStatusBar, #page, #header { background: $window; }
QToolTip { background: $raised; color: $text; border: 1px solid $strong_line; padding: 4px 6px; }
QMenuBar { border-bottom: 1px solid $line; }
QMenuBar::item { padding: 4px 8px; background: transparent; }
QMenuBar::item:selected, QMenu::item:selected { background: $hover; }
QMenu { border: 1px solid $strong_line; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 20px; border-radius: 4px; }
QMenu::item:disabled { color: $disabled; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QStatusBar { border-top: 1px solid $line; min-height: 26px; color: $muted; }
QStatusBar::item { border: none; }
QSplitter::handle { background: $line; }
QSplitter::handle:hover { background: $accent; }

#header { border-bottom: 1px solid $line; }
#appName { font-size: 15px; font-weight: 600; }
#modeBar { background: $sunken; border: 1px solid $line; border-radius: 7px; }
#modeBar QPushButton {
  background: transparent; border: 1px solid transparent; border-radius: 5px; min-height: 26px;
  padding: 0 14px; color: $muted; }
#modeBar QPushButton:hover { color: $text; }
#modeBar QPushButton:checked { background: $hover; color: $text; }
#modeBar QPushButton:focus { border-color: $accent; }
#modeBar QPushButton:disabled { color: $disabled; }

QLabel { background: transparent; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="caption"] { color: $muted; font-size: 11px; }
QLabel[role="changed"] { font-weight: 600; }
QLabel[role="error"] { color: $error_text; font-size: 11px; }
QLabel[role="warning"] { color: $warning_text; font-size: 11px; }
QLabel[role="heading"] { color: $muted; font-size: 11px; font-weight: 600; }
QLabel[role="title"] { font-size: 20px; font-weight: 600; }
QLabel[role="answer"] { font-size: 38px; font-weight: 600; }
QLabel[role="chip"] {
  border: 1px solid $strong_line; border-radius: 5px; padding: 3px 8px; font-size: 12px; color: $muted; }
QLabel[role="seen"] {
  border: 1px solid $strong_line; border-radius: 5px; padding: 1px 6px; font-size: 11px; color: $muted; }
QLabel[role="seen"][seen="fitted"] { border-color: $warning_line; color: $warning_text; }
QLabel[role="key"] {
  border: 1px solid $strong_line; border-radius: 3px; padding: 0 4px; font-size: 11px; color: $muted; }
QLabel[role="notice"] { background: $warning; border: 1px solid $warning_line; border-radius: 5px; color: $warning_text;
  padding: 7px 9px; font-size: 12px; }
QLabel[role="onImage"] { color: #c9ced6; font-size: 12px; }
#imageRoom { background: #000000; }

QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QPushButton {
  background: transparent; border: 1px solid $strong_line; border-radius: 5px; min-height: 28px; padding: 0 12px;
  outline: none; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $raised; }
QPushButton:checked { background: $selection; border-color: $accent; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $disabled; border-color: $line; }
QPushButton[role="main"] { background: $button; border-color: $button; color: $button_text; }
QPushButton[role="main"]:hover { background: $button_hover; }
QPushButton[role="main"]:focus { border-color: $text; }
QPushButton[role="main"]:disabled { background: $raised; border-color: $line; color: $disabled; }
QPushButton[role="quiet"] { border-color: transparent; padding: 0 8px; }
QPushButton[role="quiet"]:focus { border-color: $accent; }
QPushButton[role="small"] { border-color: $line; min-height: 22px; padding: 0 8px; font-size: 11px; color: $muted; }
QPushButton[role="small"]:focus { border-color: $accent; }
QPushButton[role="small"]:hover { color: $text; }
QPushButton[role="menu"] { padding: 0 10px; color: $muted; }
QPushButton[role="menu"]:hover { color: $text; }
QPushButton::menu-indicator { width: 0; image: none; }
QPushButton[role="judgement"] { padding: 0; min-width: 36px; }
QPushButton[role="row"] { border-color: transparent; text-align: left; padding: 0 4px; }
QPushButton[role="row"]:focus { border-color: $accent; }

QLineEdit, QPlainTextEdit, QTextEdit, QComboBox, QSpinBox, QDoubleSpinBox, QDateEdit {
  background: $sunken; border: 1px solid $line; border-radius: 5px; padding: 0 8px; min-height: 28px;
  selection-background-color: $button; selection-color: $button_text; }
QPlainTextEdit, QTextEdit { padding: 4px 6px; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus,
QDateEdit:focus { border-color: $accent; }
QLineEdit:disabled, QComboBox:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled { color: $disabled; }
QComboBox::drop-down { border: none; width: 18px; }
QComboBox::down-arrow { image: url("$icons/arrow-down.svg"); width: 10px; height: 6px; margin-right: 8px; }
QSpinBox, QDoubleSpinBox { qproperty-alignment: 'AlignRight | AlignVCenter'; }
QSpinBox::up-button, QDoubleSpinBox::up-button {
  subcontrol-origin: border; subcontrol-position: top right; width: 28px; border: none; background: transparent; }
QSpinBox::down-button, QDoubleSpinBox::down-button {
  subcontrol-origin: border; subcontrol-position: bottom right; width: 28px; border: none; background: transparent; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url("$icons/arrow-up.svg"); width: 10px; height: 6px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url("$icons/arrow-down.svg"); width: 10px; height: 6px; }
QComboBox QAbstractItemView {
  background: $raised; border: 1px solid $strong_line; selection-background-color: $selection;
  selection-color: $text; outline: none; }
QCheckBox, QRadioButton { spacing: 6px; min-height: 28px; background: transparent; }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid $muted; border-radius: 3px; background: $sunken; }
QCheckBox::indicator:checked { background: $button; border-color: $button; image: url("$icons/check.svg"); }
QCheckBox:disabled, QRadioButton:disabled { color: $disabled; }
QCheckBox:focus, QRadioButton:focus { color: $accent; }

QAbstractItemView { background: $window; border: none; outline: none; selection-background-color: $selection;
  selection-color: $text; alternate-background-color: $raised; }
QAbstractItemView::item:hover { background: $raised; }
QAbstractItemView::item:selected { background: $selection; }
QTableView::item { padding: 0 8px; }
QHeaderView::section {
  background: $window; color: $muted; border: none; border-bottom: 1px solid $line; padding: 6px 8px;
  font-size: 11px; }
QTableCornerButton::section { background: $window; border: none; }
QScrollArea, QStackedWidget { background: transparent; border: none; }
QScrollArea > QWidget > QWidget { background: transparent; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $strong_line; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QSlider { min-height: 22px; }
QSlider::groove:horizontal { height: 4px; border: none; background: $strong_line; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { width: 12px; height: 12px; margin: -4px 0; border-radius: 6px; background: $text; }
QSlider::handle:horizontal:hover { background: $accent; }
QSlider::handle:horizontal:focus { background: $accent; }
QSlider::sub-page:horizontal:disabled { background: $strong_line; }
QProgressBar { background: $sunken; border: none; border-radius: 3px; min-height: 6px; max-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QTabBar::tab { padding: 6px 12px; color: $muted; border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabWidget::pane { border: none; border-top: 1px solid $line; }
QGroupBox { border: 1px solid $line; border-radius: 6px; margin-top: 8px; padding-top: 8px; }

#proposalBar { background: $raised; border-top: 1px solid $line; }
#infoBar { background: $warning; border-bottom: 1px solid $warning_line; }
#infoBar QLabel { color: $warning_text; }
#infoBar[kind="error"] { background: $error; border-bottom: 1px solid $error_line; }
#infoBar[kind="error"] QLabel { color: $error_text; }
#infoBar[kind="info"] { background: $raised; border-bottom: 1px solid $line; }
#infoBar[kind="info"] QLabel { color: $text; }
QStatusBar QPushButton { min-height: 22px; }
#strip { border-top: 1px solid $line; }
#rule { background: $line; }
#tools { border-bottom: 1px solid $line; }
#card { background: $raised; border: 1px solid $line; border-radius: 8px; }
""")

_active: ThemeName = "reading"
_labels: tuple[Label, ...] = DEFAULT


def use_labels(labels: Iterable[Label]) -> None:
    """Draw shapes in the colours of these labels from now on: those of the open project."""
    global _labels
    _labels = tuple(labels)


def drawn_colour(word: str) -> str:
    """The colour of shapes with this label (``#rrggbb``): the project's, else that of the lesion it names, or grey."""
    found = label_of(_labels, word)
    return found.colour if found is not None else (OTHER_DRAWN, DRAWN, NODE_DRAWN)[class_of(word)]


def palette() -> Palette:
    """The palette of the theme in use, for widgets that paint themselves."""
    return PALETTES[_active]


def stylesheet(colours: Palette) -> str:
    """The whole window's Qt stylesheet in these colours."""
    return _STYLE.substitute(asdict(colours), icons=(paths.resources() / "icons").as_posix())


def apply(application: QApplication, name: ThemeName) -> None:
    """Dress the application; widgets that paint themselves read `palette` when they next paint."""
    global _active
    _active = name
    colours = PALETTES[name]
    application.setStyle("Fusion")
    application.setFont(body_font())
    application.setPalette(_qt_palette(colours))
    application.setStyleSheet(stylesheet(colours))


def body_font() -> QFont:
    """The system's sans at the body size, with figures of equal width where the font has them."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    font.setPixelSize(BODY)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def word_colour(colour: str) -> str:
    """A colour with a meaning, dark enough for words on the light theme's ground."""
    return colour if _active == "reading" else QColor(colour).darker(175).name()


def _qt_palette(colours: Palette) -> QPalette:
    roles = {
        QPalette.ColorRole.Window: colours.window,
        QPalette.ColorRole.Base: colours.sunken,
        QPalette.ColorRole.AlternateBase: colours.raised,
        QPalette.ColorRole.Button: colours.raised,
        QPalette.ColorRole.ToolTipBase: colours.raised,
        QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.WindowText: colours.text,
        QPalette.ColorRole.ButtonText: colours.text,
        QPalette.ColorRole.ToolTipText: colours.text,
        QPalette.ColorRole.PlaceholderText: colours.muted,
        QPalette.ColorRole.Highlight: colours.button,
        QPalette.ColorRole.HighlightedText: colours.button_text,
    }
    made = QPalette()
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    return made
