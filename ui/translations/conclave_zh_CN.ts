<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN">
    <context>
        <name>Answers</name>
        <message>
            <source>This is no answer: %1</source>
            <translation>这不是答案：%1</translation>
        </message>
    </context>
    <context>
        <name>Experts</name>
        <message>
            <source>expert %1 with %2</source>
            <translation>专家 %1，权重 %2</translation>
        </message>
        <message>
            <source>no expert</source>
            <translation>没有专家</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui</name>
        <message>
            <source>%1 s</source>
            <translation>%1 秒</translation>
        </message>
        <message>
            <source>%1 min %2 s</source>
            <translation>%1 分 %2 秒</translation>
        </message>
        <message>
            <source>%1 h %2 min</source>
            <translation>%1 小时 %2 分</translation>
        </message>
        <message>
            <source>%1: cannot be written</source>
            <translation>%1：无法写入</translation>
        </message>
        <message>
            <source>%1: its name must end in .png, .svg, .pdf or .csv</source>
            <translation>%1：文件名须以 .png、.svg、.pdf 或 .csv 结尾</translation>
        </message>
        <message>
            <source>Take along</source>
            <translation>带走</translation>
        </message>
        <message>
            <source>a picture that cannot be read: %1</source>
            <translation>无法读取的图片：%1</translation>
        </message>
        <message>
            <source>%1 × %2 pixels: too large to be shown here</source>
            <translation>%1 × %2 像素：太大，无法在此显示</translation>
        </message>
        <message>
            <source>%1 × %2 pixels</source>
            <translation>%1 × %2 像素</translation>
        </message>
        <message>
            <source>%1 s of sound, %2 Hz</source>
            <translation>%1 秒声音，%2 Hz</translation>
        </message>
        <message>
            <source>cannot be read: %1</source>
            <translation>无法读取：%1</translation>
        </message>
        <message>
            <source>an empty file</source>
            <translation>空文件</translation>
        </message>
        <message>
            <source>the first bytes</source>
            <translation>开头的字节</translation>
        </message>
        <message>
            <source>the first %1</source>
            <translation>开头的 %1</translation>
        </message>
        <message>
            <source>is not there any more</source>
            <translation>已不存在</translation>
        </message>
        <message>
            <source>is no file</source>
            <translation>不是文件</translation>
        </message>
        <message>
            <source>⚠ written anew since this run</source>
            <translation>⚠ 在此运行之后被改写</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::AlertBell</name>
        <message>
            <source>%1 is no program on PATH</source>
            <translation>PATH 中没有程序 %1</translation>
        </message>
        <message>
            <source>waits for the next alert</source>
            <translation>等待下一个警报</translation>
        </message>
        <message>
            <source>runs…</source>
            <translation>正在运行…</translation>
        </message>
        <message>
            <source>a test of the command for alerts</source>
            <translation>警报命令的测试</translation>
        </message>
        <message>
            <source>%1: ran and ended well</source>
            <translation>%1：已运行，正常结束</translation>
        </message>
        <message>
            <source>The command for alerts: %1</source>
            <translation>警报命令：%1</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::AnswerModel</name>
        <message>
            <source>%1: asking</source>
            <translation>%1：正在提问</translation>
        </message>
        <message>
            <source>%1: error: %2</source>
            <translation>%1：错误：%2</translation>
        </message>
        <message>
            <source>%1: %2, %3 %</source>
            <translation>%1：%2，%3 %</translation>
        </message>
        <message>
            <source>asking…</source>
            <translation>正在提问…</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::AudioPage</name>
        <message>
            <source>Audio</source>
            <translation>音频</translation>
        </message>
        <message>
            <source>Version</source>
            <translation>版本</translation>
        </message>
        <message>
            <source>Length</source>
            <translation>长度</translation>
        </message>
        <message>
            <source>Made by</source>
            <translation>由何生成</translation>
        </message>
        <message>
            <source>Versions</source>
            <translation>版本</translation>
        </message>
        <message>
            <source>Speak</source>
            <translation>说话</translation>
        </message>
        <message>
            <source>New music</source>
            <translation>新音乐</translation>
        </message>
        <message>
            <source>Go on with a piece</source>
            <translation>续写一首曲子</translation>
        </message>
        <message>
            <source>Try on a phone number</source>
            <translation>用电话号码试一试</translation>
        </message>
        <message>
            <source>Make</source>
            <translation>生成</translation>
        </message>
        <message>
            <source>Cancel</source>
            <translation>取消</translation>
        </message>
        <message>
            <source>Play</source>
            <translation>播放</translation>
        </message>
        <message>
            <source>Two seconds back</source>
            <translation>后退两秒</translation>
        </message>
        <message>
            <source>Two seconds on</source>
            <translation>前进两秒</translation>
        </message>
        <message>
            <source>To the beginning</source>
            <translation>回到开头</translation>
        </message>
        <message>
            <source>Next version</source>
            <translation>下一个版本</translation>
        </message>
        <message>
            <source>Previous version</source>
            <translation>上一个版本</translation>
        </message>
        <message>
            <source>Open</source>
            <translation>打开</translation>
        </message>
        <message>
            <source>Open a recording or notes</source>
            <translation>打开录音或音符</translation>
        </message>
        <message>
            <source>Save these settings</source>
            <translation>保存这些设置</translation>
        </message>
        <message>
            <source>Load settings</source>
            <translation>载入设置</translation>
        </message>
        <message>
            <source>Take this version along</source>
            <translation>带走这个版本</translation>
        </message>
        <message>
            <source>conclave-audio is neither beside this program nor on PATH</source>
            <translation>conclave-audio 既不在本程序旁，也不在 PATH 中</translation>
        </message>
        <message>
            <source>%1. %2</source>
            <translation>%1. %2</translation>
        </message>
        <message>
            <source>%1 s</source>
            <translation>%1 秒</translation>
        </message>
        <message>
            <source>opened</source>
            <translation>已打开</translation>
        </message>
        <message>
            <source>These notes have no sound: go on with them first</source>
            <translation>这些音符没有声音：请先续写</translation>
        </message>
        <message>
            <source>%1: cannot be written</source>
            <translation>%1：无法写入</translation>
        </message>
        <message>
            <source>%1 is written</source>
            <translation>%1 已写入</translation>
        </message>
        <message>
            <source>cancelling…</source>
            <translation>正在取消…</translation>
        </message>
        <message>
            <source>making…</source>
            <translation>正在生成…</translation>
        </message>
        <message>
            <source>reading…</source>
            <translation>正在读取…</translation>
        </message>
        <message>
            <source>Say digits, make a piece, or go on with one. Each result becomes a version below; another seed gives another one, and the playhead stays where it is.</source>
            <translation>念数字、作曲或续写。每个结果成为下面的一个版本；换一个种子得到另一个，播放头停在原处。</translation>
        </message>
        <message>
            <source>Stop</source>
            <translation>停止</translation>
        </message>
        <message>
            <source>Recordings and notes (*.wav *.mid *.midi *.musicxml *.mxl *.xml)</source>
            <translation>录音和音符 (*.wav *.mid *.midi *.musicxml *.mxl *.xml)</translation>
        </message>
        <message>
            <source>%1 is chosen to go on from; its notes are seen in what is made</source>
            <translation>已选 %1 作为续写的起点；其音符可在生成的结果中看到</translation>
        </message>
        <message>
            <source>Several chosen ones (Ctrl or Shift) stand below each other under one playhead</source>
            <translation>选中多个版本（Ctrl 或 Shift）时，它们上下排列，共用一个播放头</translation>
        </message>
        <message>
            <source>Click into the picture to move the playhead; choose several versions (Ctrl) to see them below each other.</source>
            <translation>点击图中可移动播放头；选中多个版本（Ctrl）可上下对照查看。</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::BatchModel</name>
        <message>
            <source>Question id</source>
            <translation>问题编号</translation>
        </message>
        <message>
            <source>Pictures</source>
            <translation>图片</translation>
        </message>
        <message>
            <source>Question</source>
            <translation>问题</translation>
        </message>
        <message>
            <source>Answer</source>
            <translation>答案</translation>
        </message>
        <message>
            <source>Sure</source>
            <translation>把握</translation>
        </message>
        <message>
            <source>Expected</source>
            <translation>应为</translation>
        </message>
        <message>
            <source>Note</source>
            <translation>备注</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::BatchView</name>
        <message>
            <source>Run</source>
            <translation>运行</translation>
        </message>
        <message>
            <source>Queue ...</source>
            <translation>排队……</translation>
        </message>
        <message>
            <source>Cancel</source>
            <translation>取消</translation>
        </message>
        <message>
            <source>Questions and answers of the batch</source>
            <translation>批量的问题和答案</translation>
        </message>
        <message>
            <source>What the program said is no answer: a line without an end.</source>
            <translation>程序的输出不是答案：一行没有结尾。</translation>
        </message>
        <message>
            <source>Questions answered</source>
            <translation>已回答的问题</translation>
        </message>
        <message>
            <source>File ...</source>
            <translation>文件……</translation>
        </message>
        <message>
            <source>Questions as JSON lines or CSV: question_id, image, text, and perhaps answer</source>
            <translation>问题文件，JSON 行或 CSV：question_id、image、text，以及可选的 answer</translation>
        </message>
        <message>
            <source>Folder ...</source>
            <translation>文件夹……</translation>
        </message>
        <message>
            <source>One question about each picture of a folder</source>
            <translation>对文件夹中的每张图片提同一个问题</translation>
        </message>
        <message>
            <source>Question about each picture</source>
            <translation>对每张图片提的问题</translation>
        </message>
        <message>
            <source>Run it as a job, which goes on when the window is closed</source>
            <translation>作为任务运行，关闭窗口后仍会继续</translation>
        </message>
        <message>
            <source>Filter</source>
            <translation>筛选</translation>
        </message>
        <message>
            <source>Filter: words of a question, an answer, a picture&apos;s name</source>
            <translation>筛选：问题、答案或图片名中的词</translation>
        </message>
        <message>
            <source>Which answers</source>
            <translation>哪些答案</translation>
        </message>
        <message>
            <source>All</source>
            <translation>全部</translation>
        </message>
        <message>
            <source>Without an answer</source>
            <translation>没有答案的</translation>
        </message>
        <message>
            <source>Unsure (below %1 %)</source>
            <translation>把握不足（低于 %1 %）</translation>
        </message>
        <message>
            <source>Not as expected</source>
            <translation>与预期不符</translation>
        </message>
        <message>
            <source>Cancel the batch first</source>
            <translation>请先取消批量</translation>
        </message>
        <message>
            <source>No questions are chosen yet</source>
            <translation>尚未选择问题</translation>
        </message>
        <message>
            <source>Questions</source>
            <translation>问题</translation>
        </message>
        <message>
            <source>Questions (*.jsonl *.json *.csv)</source>
            <translation>问题 (*.jsonl *.json *.csv)</translation>
        </message>
        <message>
            <source>All files (*)</source>
            <translation>所有文件 (*)</translation>
        </message>
        <message>
            <source>Pictures</source>
            <translation>图片</translation>
        </message>
        <message>
            <source>Answers of an earlier run</source>
            <translation>以前运行的答案</translation>
        </message>
        <message>
            <source>Answers (*.jsonl *.json)</source>
            <translation>答案 (*.jsonl *.json)</translation>
        </message>
        <message>
            <source>%1 holds no answers</source>
            <translation>%1 中没有答案</translation>
        </message>
        <message>
            <source>Choose a file of questions, or a folder of pictures and a question</source>
            <translation>请选择问题文件，或图片文件夹和一个问题</translation>
        </message>
        <message>
            <source>%1 is not there any more</source>
            <translation>%1 已不存在</translation>
        </message>
        <message>
            <source>What shall be asked about each picture?</source>
            <translation>要对每张图片提什么问题？</translation>
        </message>
        <message>
            <source>conclave-vqa is neither beside this program nor on PATH</source>
            <translation>conclave-vqa 既不在本程序旁，也不在 PATH 中</translation>
        </message>
        <message>
            <source>Where the answers shall go</source>
            <translation>答案写到哪里</translation>
        </message>
        <message>
            <source>Answers (*.jsonl)</source>
            <translation>答案 (*.jsonl)</translation>
        </message>
        <message>
            <source>%1 is there already</source>
            <translation>%1 已经存在</translation>
        </message>
        <message>
            <source>It is queued; the answers go to %1</source>
            <translation>已排队；答案写入 %1</translation>
        </message>
        <message>
            <source>A table of more than %1 rows is not shown: queue the run, and its answers go to a file</source>
            <translation>超过 %1 行的表格不予显示：请将运行排队，其答案会写入文件</translation>
        </message>
        <message>
            <source>The program ended without an answer.</source>
            <translation>程序没有给出答案就结束了。</translation>
        </message>
        <message>
            <source>%1 questions, %2 of them without an answer</source>
            <translation>%1 个问题，其中 %2 个没有答案</translation>
        </message>
        <message>
            <source>%1 % of %2 as expected</source>
            <translation>%2 个中 %1 % 与预期相符</translation>
        </message>
        <message>
            <source>%1 shown</source>
            <translation>显示 %1 个</translation>
        </message>
        <message>
            <source>cancelling…</source>
            <translation>正在取消……</translation>
        </message>
        <message>
            <source>%1 of %2 answered</source>
            <translation>已回答 %1 个，共 %2 个</translation>
        </message>
        <message>
            <source>%1 answered</source>
            <translation>已回答 %1 个</translation>
        </message>
        <message>
            <source>%1 a second</source>
            <translation>每秒 %1 个</translation>
        </message>
        <message>
            <source>%1 left</source>
            <translation>还需 %1</translation>
        </message>
        <message>
            <source>a double click or Return opens a question with its pictures</source>
            <translation>双击或按回车打开问题及其图片</translation>
        </message>
        <message>
            <source>%1 questions</source>
            <translation>%1 个问题</translation>
        </message>
        <message>
            <source>A file with a question a line (JSON lines or CSV: question_id, image, text, and perhaps answer), or a folder of pictures and one question about each. They can be dropped here.</source>
            <translation>每行一个问题的文件（JSON 行或 CSV：question_id、image、text，以及可选的 answer），或一个图片文件夹和对每张图片的同一个问题。可以拖到这里。</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::CommandDialog</name>
        <message>
            <source>Take it</source>
            <translation>采用</translation>
        </message>
        <message>
            <source>A command</source>
            <translation>命令</translation>
        </message>
        <message>
            <source>Program</source>
            <translation>程序</translation>
        </message>
        <message>
            <source>Verb</source>
            <translation>动作</translation>
        </message>
        <message>
            <source>Load settings</source>
            <translation>载入设置</translation>
        </message>
        <message>
            <source>Save settings</source>
            <translation>保存设置</translation>
        </message>
        <message>
            <source>%1 is neither beside this program nor on PATH</source>
            <translation>%1 既不在本程序旁，也不在 PATH 中</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::CommandPalette</name>
        <message>
            <source>Find a run, a page, an action</source>
            <translation>查找运行、页面或操作</translation>
        </message>
        <message>
            <source>this page</source>
            <translation>本页</translation>
        </message>
        <message>
            <source>Run %1: %2</source>
            <translation>运行 %1：%2</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::CommandStrip</name>
        <message>
            <source>Command line of what is shown</source>
            <translation>所示内容的命令行</translation>
        </message>
        <message>
            <source>Copy</source>
            <translation>复制</translation>
        </message>
        <message>
            <source>Copy the command line</source>
            <translation>复制命令行</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::ComparePage</name>
        <message>
            <source>Compare</source>
            <translation>比较</translation>
        </message>
        <message>
            <source>Unpin all</source>
            <translation>全部取消固定</translation>
        </message>
        <message>
            <source>Runs that you pin stand here side by side.
In Runs, choose some and press C.</source>
            <translation>您固定的运行在此并排显示。
在“运行”页选择几个并按 C。</translation>
        </message>
        <message>
            <source>Choose runs</source>
            <translation>选择运行</translation>
        </message>
        <message>
            <source>Metrics</source>
            <translation>指标</translation>
        </message>
        <message>
            <source>Parameters</source>
            <translation>参数</translation>
        </message>
        <message>
            <source>Parallel axes</source>
            <translation>平行坐标</translation>
        </message>
        <message>
            <source>Scatter</source>
            <translation>散点图</translation>
        </message>
        <message>
            <source>%1 (baseline)</source>
            <translation>%1（基准）</translation>
        </message>
        <message>
            <source>Show differences to this run</source>
            <translation>显示与此运行的差别</translation>
        </message>
        <message>
            <source>Unpin</source>
            <translation>取消固定</translation>
        </message>
        <message>
            <source>Unpin run %1</source>
            <translation>取消固定运行 %1</translation>
        </message>
        <message>
            <source>Take this table or plot along</source>
            <translation>带走这张表或图</translation>
        </message>
        <message>
            <source>Mean of %1 seeds, 95 %</source>
            <translation>%1 个种子的均值，95 %</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::CurvePanel</name>
        <message>
            <source>Log scale</source>
            <translation>对数刻度</translation>
        </message>
        <message>
            <source>Metrics to draw</source>
            <translation>要绘制的指标</translation>
        </message>
        <message>
            <source>Find a metric</source>
            <translation>查找指标</translation>
        </message>
        <message>
            <source>Smoothing</source>
            <translation>平滑</translation>
        </message>
        <message>
            <source>over steps</source>
            <translation>按步数</translation>
        </message>
        <message>
            <source>over time</source>
            <translation>按时间</translation>
        </message>
        <message>
            <source>Horizontal axis</source>
            <translation>横轴</translation>
        </message>
        <message>
            <source>Take along ...</source>
            <translation>带走…</translation>
        </message>
        <message>
            <source>A plot as PNG, SVG or PDF, or its points as CSV</source>
            <translation>将一幅图存为 PNG、SVG 或 PDF，或将其数据点存为 CSV</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::CurvePlot</name>
        <message>
            <source>Curve of %1</source>
            <translation>%1 的曲线</translation>
        </message>
        <message>
            <source>step</source>
            <translation>步</translation>
        </message>
        <message>
            <source>seconds</source>
            <translation>秒</translation>
        </message>
        <message>
            <source>%1: %2</source>
            <translation>%1：%2</translation>
        </message>
        <message>
            <source>%1 is written</source>
            <translation>%1 已写入</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::ExpertCurve</name>
        <message>
            <source>Layer %1, expert %2 of %3</source>
            <translation>第 %1 层，专家 %2（%3）</translation>
        </message>
        <message>
            <source>%1 of run %2</source>
            <translation>运行 %2 的%1</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::FieldModel</name>
        <message>
            <source>yours</source>
            <translation>您的</translation>
        </message>
        <message>
            <source>open</source>
            <translation>打开</translation>
        </message>
        <message>
            <source>Field</source>
            <translation>字段</translation>
        </message>
        <message>
            <source>Value</source>
            <translation>值</translation>
        </message>
        <message>
            <source>Sure</source>
            <translation>把握</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::FilePreview</name>
        <message>
            <source>Contents of the file</source>
            <translation>文件内容</translation>
        </message>
        <message>
            <source>Choose a file to see what is in it.</source>
            <translation>选择一个文件查看其内容。</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::FramePanel</name>
        <message>
            <source>Overlay</source>
            <translation>叠加</translation>
        </message>
        <message>
            <source>Drag to measure; right button: window and level; wheel: zoom; Shift: move</source>
            <translation>拖动测量；右键：窗宽和窗位；滚轮：缩放；Shift：移动</translation>
        </message>
        <message>
            <source>%1 of %2</source>
            <translation>第 %1，共 %2</translation>
        </message>
        <message>
            <source>Length</source>
            <translation>长度</translation>
        </message>
        <message>
            <source>Drag from one end to the other</source>
            <translation>从一端拖到另一端</translation>
        </message>
        <message>
            <source>Ellipse</source>
            <translation>椭圆</translation>
        </message>
        <message>
            <source>Drag its long axis, then click where it is as wide as it should be</source>
            <translation>拖出长轴，然后在合适的宽度处点击</translation>
        </message>
        <message>
            <source>Outline</source>
            <translation>轮廓</translation>
        </message>
        <message>
            <source>Drag around what is to be outlined</source>
            <translation>沿要勾画的边缘拖动</translation>
        </message>
        <message>
            <source>Box</source>
            <translation>方框</translation>
        </message>
        <message>
            <source>Drag from corner to corner</source>
            <translation>从一角拖到对角</translation>
        </message>
        <message>
            <source>What the report and readers say lies where</source>
            <translation>报告和阅片人标出的位置</translation>
        </message>
        <message>
            <source>Window</source>
            <translation>窗宽</translation>
        </message>
        <message>
            <source>Level</source>
            <translation>级别</translation>
        </message>
        <message>
            <source>Frame</source>
            <translation>帧</translation>
        </message>
        <message>
            <source>measuring…</source>
            <translation>正在测量…</translation>
        </message>
        <message>
            <source>%1 mm (%2 px)</source>
            <translation>%1 mm（%2 px）</translation>
        </message>
        <message>
            <source>%1 px</source>
            <translation>%1 px</translation>
        </message>
        <message>
            <source>around: %1</source>
            <translation>周长：%1</translation>
        </message>
        <message>
            <source>%1; not in mm: %2</source>
            <translation>%1；不以 mm 计：%2</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::FrameSource</name>
        <message>
            <source>conclave-ultrasound is neither beside this program nor on PATH</source>
            <translation>conclave-ultrasound 既不在本程序旁，也不在 PATH 中</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::FrameViewer</name>
        <message>
            <source>Frame</source>
            <translation>帧</translation>
        </message>
        <message>
            <source>Open or drop a DICOM file, a clip, a picture or a folder</source>
            <translation>打开或拖入 DICOM 文件、影像片段、图片或文件夹</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::HeatMap</name>
        <message>
            <source>Heat map</source>
            <translation>热图</translation>
        </message>
        <message>
            <source>layer %1</source>
            <translation>第 %1 层</translation>
        </message>
        <message>
            <source>Share of tokens</source>
            <translation>词元份额</translation>
        </message>
        <message>
            <source>Probability mass</source>
            <translation>概率质量</translation>
        </message>
        <message>
            <source>Dropped</source>
            <translation>丢弃</translation>
        </message>
        <message>
            <source>Share and probability</source>
            <translation>份额与概率</translation>
        </message>
        <message>
            <source>above: %1
below: %2</source>
            <translation>上：%1
下：%2</translation>
        </message>
        <message>
            <source>%1 (%2), %3 (%4)</source>
            <translation>%1（%2），%3（%4）</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::HomePage</name>
        <message>
            <source>Home</source>
            <translation>首页</translation>
        </message>
        <message>
            <source>Recent runs</source>
            <translation>最近的运行</translation>
        </message>
        <message>
            <source>Open the run</source>
            <translation>打开此运行</translation>
        </message>
        <message>
            <source>Ask about a picture</source>
            <translation>就图片提问</translation>
        </message>
        <message>
            <source>Answers with how sure the model is, and which experts saw which part.</source>
            <translation>给出答案和模型的把握，以及哪些专家看了哪一部分。</translation>
        </message>
        <message>
            <source>Try on a sample</source>
            <translation>用样例试一试</translation>
        </message>
        <message>
            <source>Speak and compose</source>
            <translation>说话和作曲</translation>
        </message>
        <message>
            <source>Digits in several voices, chorales and tunes.</source>
            <translation>多种嗓音的数字、众赞歌和曲调。</translation>
        </message>
        <message>
            <source>Read ultrasound</source>
            <translation>阅读超声</translation>
        </message>
        <message>
            <source>Outline, measures and a draft of the report.</source>
            <translation>轮廓、测量和报告草稿。</translation>
        </message>
        <message>
            <source>Follow a stream</source>
            <translation>跟随数据流</translation>
        </message>
        <message>
            <source>A mixture that learns on while the world changes.</source>
            <translation>世界在变，混合模型边用边学。</translation>
        </message>
        <message>
            <source>Look at runs</source>
            <translation>查看运行</translation>
        </message>
        <message>
            <source>All runs</source>
            <translation>所有运行</translation>
        </message>
        <message>
            <source>Compare runs</source>
            <translation>比较运行</translation>
        </message>
        <message>
            <source>Curves over each other, what differs first.</source>
            <translation>曲线叠放，差别在前。</translation>
        </message>
        <message>
            <source>Compare</source>
            <translation>比较</translation>
        </message>
        <message>
            <source>See where tokens go</source>
            <translation>看词元去了哪里</translation>
        </message>
        <message>
            <source>Layers by experts for each modality, step by step.</source>
            <translation>各模态按层和专家，逐步显示。</translation>
        </message>
        <message>
            <source>Routing</source>
            <translation>路由</translation>
        </message>
        <message>
            <source>Queue work</source>
            <translation>排队工作</translation>
        </message>
        <message>
            <source>Commands wait for a free slot and outlive this window.</source>
            <translation>命令等待空闲槽位，关闭窗口后继续。</translation>
        </message>
        <message>
            <source>Queue</source>
            <translation>队列</translation>
        </message>
        <message>
            <source>Nothing has been run yet. Every run of every program is kept, and can be repeated.</source>
            <translation>还没有运行过任何东西。每个程序的每次运行都会保存，并可重复。</translation>
        </message>
        <message>
            <source>%1 runs; %2 running now, %3 failed in the last day.</source>
            <translation>%1 次运行；%2 次正在进行，最近一天 %3 次失败。</translation>
        </message>
        <message>
            <source>Run %1: %2</source>
            <translation>运行 %1：%2</translation>
        </message>
        <message>
            <source>and %1 more</source>
            <translation>还有 %1 条</translation>
        </message>
        <message>
            <source>history %1, %2 free on its disk</source>
            <translation>历史 %1，磁盘剩余 %2</translation>
        </message>
        <message>
            <source>What ended while this window was closed</source>
            <translation>窗口关闭期间结束的运行</translation>
        </message>
        <message numerus="yes">
            <source>%n run(s) ended since %1, when this window was closed</source>
            <translation>
                <numerusform>自 %1 窗口关闭以来，%n 个运行已结束</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>; %n of them failed or got lost</source>
            <translation>
                <numerusform>；其中 %n 个失败或丢失</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::JobTableModel</name>
        <message>
            <source>cancelling…</source>
            <translation>正在取消…</translation>
        </message>
        <message>
            <source>exit code %1</source>
            <translation>退出码 %1</translation>
        </message>
        <message>
            <source>Job</source>
            <translation>任务</translation>
        </message>
        <message>
            <source>State</source>
            <translation>状态</translation>
        </message>
        <message>
            <source>Command</source>
            <translation>命令</translation>
        </message>
        <message>
            <source>Group</source>
            <translation>组</translation>
        </message>
        <message>
            <source>Slots</source>
            <translation>槽位</translation>
        </message>
        <message>
            <source>Try</source>
            <translation>尝试</translation>
        </message>
        <message>
            <source>Took</source>
            <translation>用时</translation>
        </message>
        <message>
            <source>What it says</source>
            <translation>输出信息</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::LineProcess</name>
        <message>
            <source>%1 cannot be started: %2</source>
            <translation>无法启动 %1：%2</translation>
        </message>
        <message>
            <source>cancelled</source>
            <translation>已取消</translation>
        </message>
        <message>
            <source>%1 crashed (signal %2)</source>
            <translation>%1 崩溃（信号 %2）</translation>
        </message>
        <message>
            <source>%1 ended with exit code %2</source>
            <translation>%1 以退出码 %2 结束</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::MainWindow</name>
        <message>
            <source>Conclave</source>
            <translation>Conclave</translation>
        </message>
        <message>
            <source>The history that is shown</source>
            <translation>所显示的历史</translation>
        </message>
        <message>
            <source>Find a run, a page, an action   Ctrl+K</source>
            <translation>查找运行、页面或操作   Ctrl+K</translation>
        </message>
        <message>
            <source>Find a run, a page, an action</source>
            <translation>查找运行、页面或操作</translation>
        </message>
        <message>
            <source>Read again</source>
            <translation>重新读取</translation>
        </message>
        <message>
            <source>Copy the command line of what is shown</source>
            <translation>复制所示内容的命令行</translation>
        </message>
        <message>
            <source>Go to %1</source>
            <translation>转到%1</translation>
        </message>
        <message>
            <source>Colours: %1</source>
            <translation>颜色：%1</translation>
        </message>
        <message>
            <source>Quit</source>
            <translation>退出</translation>
        </message>
        <message>
            <source>nothing is running</source>
            <translation>没有正在运行的程序</translation>
        </message>
        <message numerus="yes">
            <source>%n run(s) running</source>
            <translation>
                <numerusform>%n 个运行正在进行</numerusform>
            </translation>
        </message>
        <message>
            <source>How busy this machine is</source>
            <translation>本机的负载</translation>
        </message>
        <message numerus="yes">
            <source>%n run(s) that were pinned are no longer in this history</source>
            <translation>
                <numerusform>%n 个固定的运行已不在此历史中</numerusform>
            </translation>
        </message>
        <message>
            <source>Help on this page</source>
            <translation>本页帮助</translation>
        </message>
        <message>
            <source>Go to the queue</source>
            <translation>前往队列</translation>
        </message>
        <message numerus="yes">
            <source>%n job(s) running</source>
            <translation>
                <numerusform>%n 个作业正在进行</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>%n job(s) waiting</source>
            <translation>
                <numerusform>%n 个作业等待中</numerusform>
            </translation>
        </message>
        <message>
            <source>%1, for looking only</source>
            <translation>%1，仅供查看</translation>
        </message>
        <message>
            <source>This history cannot be written: nothing in it can be changed here</source>
            <translation>此历史不可写：在这里无法更改其中任何内容</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::ModelChooser</name>
        <message>
            <source>Model</source>
            <translation>模型</translation>
        </message>
        <message>
            <source>run %1: %2</source>
            <translation>运行 %1：%2</translation>
        </message>
        <message>
            <source>Shipped model</source>
            <translation>随附的模型</translation>
        </message>
        <message>
            <source>A folder ...</source>
            <translation>文件夹……</translation>
        </message>
        <message>
            <source>Folder of a model</source>
            <translation>模型所在的文件夹</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::ParallelPlot</name>
        <message>
            <source>Settings and results of all runs</source>
            <translation>所有运行的设置和结果</translation>
        </message>
        <message>
            <source>These runs have less than two numbers to compare</source>
            <translation>这些运行可比较的数值不足两个</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::PictureCanvas</name>
        <message>
            <source>%1 cannot be shown: %2</source>
            <translation>无法显示 %1：%2</translation>
        </message>
        <message>
            <source>Pictures</source>
            <translation>图片</translation>
        </message>
        <message>
            <source>Layer %1, first expert of each patch:</source>
            <translation>第 %1 层，每个图块的首选专家：</translation>
        </message>
        <message>
            <source>enlarged %1 times</source>
            <translation>放大 %1 倍</translation>
        </message>
        <message>
            <source>Layer %1:</source>
            <translation>第 %1 层：</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::ProbeView</name>
        <message>
            <source>%1  →  %2, %3 %</source>
            <translation>%1  →  %2，%3 %</translation>
        </message>
        <message>
            <source>Question</source>
            <translation>问题</translation>
        </message>
        <message>
            <source>Answer</source>
            <translation>答案</translation>
        </message>
        <message>
            <source>Token</source>
            <translation>词元</translation>
        </message>
        <message>
            <source>Experts</source>
            <translation>专家</translation>
        </message>
        <message>
            <source>Ask</source>
            <translation>提问</translation>
        </message>
        <message>
            <source>Cancel</source>
            <translation>取消</translation>
        </message>
        <message>
            <source>Questions of the probe set</source>
            <translation>探测集的问题</translation>
        </message>
        <message>
            <source>Tokens and their experts</source>
            <translation>词元及其专家</translation>
        </message>
        <message>
            <source>What the program said is no answer: a line without an end.</source>
            <translation>程序的输出不是答案：一行没有结尾。</translation>
        </message>
        <message>
            <source>Choose the probe set</source>
            <translation>选择探测集</translation>
        </message>
        <message>
            <source>The pictures of the chosen question stand here</source>
            <translation>所选问题的图片显示在这里</translation>
        </message>
        <message>
            <source>Layer</source>
            <translation>层</translation>
        </message>
        <message>
            <source>Run %1 names no model. Choose one above.</source>
            <translation>运行 %1 没有记录模型。请在上方选择一个。</translation>
        </message>
        <message>
            <source>Choose questions ...</source>
            <translation>选择问题……</translation>
        </message>
        <message>
            <source>Questions: %1</source>
            <translation>问题：%1</translation>
        </message>
        <message>
            <source>Questions to ask every model</source>
            <translation>向每个模型提出的问题</translation>
        </message>
        <message>
            <source>Questions (*.jsonl *.json)</source>
            <translation>问题 (*.jsonl *.json)</translation>
        </message>
        <message>
            <source>All files (*)</source>
            <translation>所有文件 (*)</translation>
        </message>
        <message>
            <source>Choose the questions first</source>
            <translation>请先选择问题</translation>
        </message>
        <message>
            <source>What the program said is no answer: %1</source>
            <translation>程序的输出不是答案：%1</translation>
        </message>
        <message>
            <source>Only the first %1 questions are shown: a probe set is small</source>
            <translation>只显示前 %1 个问题：探测集应当很小</translation>
        </message>
        <message>
            <source>There was no question in the probe set.</source>
            <translation>探测集中没有问题。</translation>
        </message>
        <message>
            <source>Layer %1</source>
            <translation>第 %1 层</translation>
        </message>
        <message>
            <source>patch %1 of picture %2</source>
            <translation>第 %2 张图片的图块 %1</translation>
        </message>
        <message>
            <source>patch %1</source>
            <translation>图块 %1</translation>
        </message>
        <message>
            <source>The patches cannot be shown: %1</source>
            <translation>图块无法显示：%1</translation>
        </message>
        <message>
            <source>Choose a word or a patch to see all its experts</source>
            <translation>选择一个词或图块，查看它的所有专家</translation>
        </message>
        <message>
            <source>cancelling…</source>
            <translation>正在取消……</translation>
        </message>
        <message>
            <source>asking… %1 answered; Esc cancels</source>
            <translation>正在提问……已回答 %1 个；按 Esc 取消</translation>
        </message>
        <message>
            <source>The same few questions can be asked of every model: each word and each part of the pictures is painted by the expert that it goes to first, layer by layer.</source>
            <translation>可以向每个模型提出同样的几个问题：每个词和图片的每一部分都按其首选专家着色，逐层显示。</translation>
        </message>
        <message>
            <source>%1 questions, %2 of them without an answer</source>
            <translation>%1 个问题，其中 %2 个没有答案</translation>
        </message>
        <message>
            <source>Run %1 is of conclave-%2; models that read pictures or text are shown here. Choose one above.</source>
            <translation>运行 %1 属于 conclave-%2；这里显示读取图片或文本的模型。请在上方选择一个。</translation>
        </message>
        <message>
            <source>%1 is neither beside this program nor on PATH</source>
            <translation>%1 既不在本程序旁，也不在 PATH 中</translation>
        </message>
        <message>
            <source>No layer of this model has experts</source>
            <translation>这个模型没有带专家的层</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::QueuePage</name>
        <message>
            <source>Queue</source>
            <translation>队列</translation>
        </message>
        <message>
            <source>Jobs</source>
            <translation>任务</translation>
        </message>
        <message>
            <source>Log of the job</source>
            <translation>任务日志</translation>
        </message>
        <message>
            <source>Jobs are not started any more: %1</source>
            <translation>不再启动任务：%1</translation>
        </message>
        <message>
            <source>CPU slots</source>
            <translation>CPU 槽位</translation>
        </message>
        <message>
            <source>GPU slots</source>
            <translation>GPU 槽位</translation>
        </message>
        <message>
            <source>A command to queue: conclave-vqa train --recipe ... --data ... --out ...</source>
            <translation>要排队的命令：conclave-vqa train --recipe ... --data ... --out ...</translation>
        </message>
        <message>
            <source>Command</source>
            <translation>命令</translation>
        </message>
        <message>
            <source>Queue it</source>
            <translation>排队</translation>
        </message>
        <message>
            <source>Form…</source>
            <translation>表单…</translation>
        </message>
        <message>
            <source>Put a command together in the form of its verb</source>
            <translation>在动作的表单中拼出命令</translation>
        </message>
        <message>
            <source>Sweep: lr=0.1,0.01 seed=1,2</source>
            <translation>扫描：lr=0.1,0.01 seed=1,2</translation>
        </message>
        <message>
            <source>A job for each combination; a key with dots is one of the recipe: train.steps=100,200</source>
            <translation>每种组合一个任务；带点的键属于配方：train.steps=100,200</translation>
        </message>
        <message>
            <source>Sweep</source>
            <translation>扫描</translation>
        </message>
        <message>
            <source>all</source>
            <translation>全部</translation>
        </message>
        <message>
            <source>How many combinations are drawn at random</source>
            <translation>随机抽取多少种组合</translation>
        </message>
        <message>
            <source>Combinations to draw</source>
            <translation>抽取的组合数</translation>
        </message>
        <message>
            <source>Retries</source>
            <translation>重试次数</translation>
        </message>
        <message>
            <source>Start waiting jobs</source>
            <translation>启动等待的任务</translation>
        </message>
        <message>
            <source>Write a command to queue</source>
            <translation>写一条命令来排队</translation>
        </message>
        <message>
            <source>Put a command together in a form</source>
            <translation>在表单中拼出命令</translation>
        </message>
        <message>
            <source>Cancel</source>
            <translation>取消</translation>
        </message>
        <message>
            <source>cancelled</source>
            <translation>已取消</translation>
        </message>
        <message>
            <source>Try again</source>
            <translation>再试</translation>
        </message>
        <message>
            <source>waiting again</source>
            <translation>重新等待</translation>
        </message>
        <message>
            <source>Compare its group</source>
            <translation>比较它的组</translation>
        </message>
        <message>
            <source>Earlier</source>
            <translation>提前</translation>
        </message>
        <message>
            <source>Later</source>
            <translation>推后</translation>
        </message>
        <message>
            <source>Forget a job that has ended</source>
            <translation>忘记已结束的任务</translation>
        </message>
        <message>
            <source>forgotten</source>
            <translation>已忘记</translation>
        </message>
        <message>
            <source>in use: CPU %1, GPU %2; %3 waiting%4</source>
            <translation>使用中：CPU %1，GPU %2；%3 个等待%4</translation>
        </message>
        <message>
            <source> (nothing starts them now)</source>
            <translation>（现在没有程序启动它们）</translation>
        </message>
        <message>
            <source>Log</source>
            <translation>日志</translation>
        </message>
        <message>
            <source>Log of job %1</source>
            <translation>任务 %1 的日志</translation>
        </message>
        <message>
            <source>This job was queued alone.</source>
            <translation>此任务是单独排队的。</translation>
        </message>
        <message>
            <source>None of these jobs has a run yet.</source>
            <translation>这些任务都还没有运行。</translation>
        </message>
        <message>
            <source>queued</source>
            <translation>已排队</translation>
        </message>
        <message>
            <source>queued; “Start waiting jobs” starts it</source>
            <translation>已排队；“启动等待的任务”会启动它</translation>
        </message>
        <message numerus="yes">
            <source>%n job(s) %1</source>
            <translation>
                <numerusform>%n 个任务%1</numerusform>
            </translation>
        </message>
        <message>
            <source>conclave-history is neither beside this program nor on PATH</source>
            <translation>conclave-history 既不在本程序旁，也不在 PATH 中</translation>
        </message>
        <message>
            <source>Resume</source>
            <translation>继续训练</translation>
        </message>
        <message>
            <source>Go on from the checkpoint of a training that stopped (Shift+R)</source>
            <translation>从停止的训练的检查点继续（Shift+R）</translation>
        </message>
        <message>
            <source>Go on from step %1 of stage %2 (Shift+R)</source>
            <translation>从第 %2 阶段的第 %1 步继续（Shift+R）</translation>
        </message>
        <message>
            <source>Go on from step %1 (Shift+R)</source>
            <translation>从第 %1 步继续（Shift+R）</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::ReaderTableModel</name>
        <message>
            <source>you</source>
            <translation>您</translation>
        </message>
        <message>
            <source>The readers differ</source>
            <translation>阅片人意见不一</translation>
        </message>
        <message>
            <source>Field</source>
            <translation>字段</translation>
        </message>
        <message>
            <source>Decision</source>
            <translation>裁定值</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::ReadersPanel</name>
        <message>
            <source>Save as mine</source>
            <translation>存为我的</translation>
        </message>
        <message>
            <source>Draw anew</source>
            <translation>重画</translation>
        </message>
        <message>
            <source>Adjudicate</source>
            <translation>裁定</translation>
        </message>
        <message>
            <source>Draft from it</source>
            <translation>据此起草</translation>
        </message>
        <message>
            <source>Organ</source>
            <translation>器官</translation>
        </message>
        <message>
            <source>Readers</source>
            <translation>阅片人</translation>
        </message>
        <message>
            <source>A second reader, under another name, makes it possible to compare.</source>
            <translation>另一位阅片人以其姓名保存后即可比较。</translation>
        </message>
        <message>
            <source>%1 readers, who agree.</source>
            <translation>%1 位阅片人，意见一致。</translation>
        </message>
        <message>
            <source>%1 readers, who differ in %2.</source>
            <translation>%1 位阅片人，在%2上意见不一。</translation>
        </message>
        <message>
            <source>Nothing is drawn: take Outline, Ellipse or Box above the picture.</source>
            <translation>尚未勾画：请用图像上方的轮廓、椭圆或方框。</translation>
        </message>
        <message>
            <source>Drawn on frame %1: %2 x %3 pixels.</source>
            <translation>画在第 %1 帧：%2 x %3 像素。</translation>
        </message>
        <message>
            <source>you</source>
            <translation>您</translation>
        </message>
        <message>
            <source>Who reads? Write your name below</source>
            <translation>谁在阅片？请在下方写上姓名</translation>
        </message>
        <message>
            <source>Choose what is seen first</source>
            <translation>请先选择所见</translation>
        </message>
        <message>
            <source>There is nothing to save: draw, or choose a value</source>
            <translation>没有可保存的内容：请勾画或选值</translation>
        </message>
        <message>
            <source>saved in %1</source>
            <translation>已保存到 %1</translation>
        </message>
        <message>
            <source>Who decides? Write your name below</source>
            <translation>谁来裁定？请在下方写上姓名</translation>
        </message>
        <message>
            <source>Joined: nothing is left to decide.</source>
            <translation>已合并：无待裁定项。</translation>
        </message>
        <message>
            <source>Left to decide: %1</source>
            <translation>待裁定：%1</translation>
        </message>
        <message>
            <source>joined in %1</source>
            <translation>已合并到 %1</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::ReportPanel</name>
        <message>
            <source>State</source>
            <translation>状态</translation>
        </message>
        <message>
            <source>By</source>
            <translation>作者</translation>
        </message>
        <message>
            <source>What changed</source>
            <translation>更改内容</translation>
        </message>
        <message>
            <source>Fields</source>
            <translation>字段</translation>
        </message>
        <message>
            <source>From draft to signed</source>
            <translation>从草稿到签署</translation>
        </message>
        <message>
            <source>Findings</source>
            <translation>所见</translation>
        </message>
        <message>
            <source>Impression</source>
            <translation>印象</translation>
        </message>
        <message>
            <source>Text and fields</source>
            <translation>文本和字段</translation>
        </message>
        <message>
            <source>No report yet: “Draft a report” makes one.</source>
            <translation>还没有报告：“起草报告”会生成一份。</translation>
        </message>
        <message>
            <source>%1, by %2</source>
            <translation>%1，%2</translation>
        </message>
        <message>
            <source>a reader</source>
            <translation>一位阅片人</translation>
        </message>
        <message>
            <source>the model abstains: %1</source>
            <translation>模型不作判断：%1</translation>
        </message>
        <message>
            <source>A click into a sentence shows where it comes from.</source>
            <translation>点击句子即可看到其出处。</translation>
        </message>
        <message>
            <source>Your own words: they come from no picture.</source>
            <translation>您自己的话：不出自图像。</translation>
        </message>
        <message>
            <source>A reader&apos;s own words: they come from no picture.</source>
            <translation>阅片人自己的话：不出自图像。</translation>
        </message>
        <message>
            <source>This sentence names no place in a picture.</source>
            <translation>这句话没有对应图像位置。</translation>
        </message>
        <message>
            <source>From frame %1</source>
            <translation>出自第 %1 帧</translation>
        </message>
        <message>
            <source> of %1</source>
            <translation>（%1）</translation>
        </message>
        <message>
            <source>, the dashed box of %1 x %2 pixels</source>
            <translation>，虚线框 %1 x %2 像素</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::RoutingPage</name>
        <message>
            <source>Routing</source>
            <translation>路由</translation>
        </message>
        <message>
            <source>Layer</source>
            <translation>层</translation>
        </message>
        <message>
            <source>Entropy</source>
            <translation>熵</translation>
        </message>
        <message>
            <source>CV</source>
            <translation>变异系数</translation>
        </message>
        <message>
            <source>Dead</source>
            <translation>失活</translation>
        </message>
        <message>
            <source>Dropped</source>
            <translation>丢弃</translation>
        </message>
        <message>
            <source>Without</source>
            <translation>去掉</translation>
        </message>
        <message>
            <source>Metric</source>
            <translation>指标</translation>
        </message>
        <message>
            <source>Before</source>
            <translation>之前</translation>
        </message>
        <message>
            <source>After</source>
            <translation>之后</translation>
        </message>
        <message>
            <source>Change</source>
            <translation>变化</translation>
        </message>
        <message>
            <source>State</source>
            <translation>状态</translation>
        </message>
        <message>
            <source>What experts are worth</source>
            <translation>各专家的价值</translation>
        </message>
        <message>
            <source>Play or stop</source>
            <translation>播放或停止</translation>
        </message>
        <message>
            <source>Take along ...</source>
            <translation>带走…</translation>
        </message>
        <message>
            <source>Ablate this expert</source>
            <translation>消融此专家</translation>
        </message>
        <message>
            <source>Ablate each expert of this layer, one at a time</source>
            <translation>逐个消融本层的每个专家</translation>
        </message>
        <message>
            <source>Step</source>
            <translation>步</translation>
        </message>
        <message>
            <source>Balance of the layers</source>
            <translation>各层的均衡</translation>
        </message>
        <message>
            <source>What is shown</source>
            <translation>显示内容</translation>
        </message>
        <message>
            <source>Split</source>
            <translation>数据划分</translation>
        </message>
        <message>
            <source>Minus run</source>
            <translation>减去的运行</translation>
        </message>
        <message>
            <source>of split</source>
            <translation>，划分</translation>
        </message>
        <message>
            <source>minus</source>
            <translation>减</translation>
        </message>
        <message>
            <source>nothing</source>
            <translation>无</translation>
        </message>
        <message>
            <source>run %1 (pinned)</source>
            <translation>运行 %1（已固定）</translation>
        </message>
        <message>
            <source>Pin runs (C in Runs) to subtract their routing</source>
            <translation>固定运行（在“运行”页按 C）以减去其路由</translation>
        </message>
        <message>
            <source>Run %1: %2 · split %3 · step %4</source>
            <translation>运行 %1：%2 · 划分 %3 · 第 %4 步</translation>
        </message>
        <message>
            <source> · minus run %1 at step %2</source>
            <translation> · 减去运行 %1 的第 %2 步</translation>
        </message>
        <message>
            <source>Choose an expert in the map to see what it is worth: the evaluation is run again without it.</source>
            <translation>在图中选择一个专家，看它值多少：去掉它再评估一次。</translation>
        </message>
        <message>
            <source>%1, expert %2: %3 of %4</source>
            <translation>%1，专家 %2：占 %4 的 %3</translation>
        </message>
        <message>
            <source> · “Ablate” repeats evaluation %1 without it</source>
            <translation> · “消融”会在没有它的情况下重做评估 %1</translation>
        </message>
        <message>
            <source>Map, or words and patches</source>
            <translation>切换热图与词和图块</translation>
        </message>
        <message>
            <source>Ask the probe set</source>
            <translation>询问探测集</translation>
        </message>
        <message>
            <source>Cancel the probe set</source>
            <translation>取消探测集</translation>
        </message>
        <message>
            <source>Choose the probe set ...</source>
            <translation>选择探测集……</translation>
        </message>
        <message>
            <source>Map</source>
            <translation>热图</translation>
        </message>
        <message>
            <source>Words and patches</source>
            <translation>词和图块</translation>
        </message>
        <message>
            <source>, probability %1</source>
            <translation>，概率 %1</translation>
        </message>
        <message>
            <source>Take the chosen expert&apos;s curve along</source>
            <translation>导出所选专家的曲线</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::RunInspector</name>
        <message>
            <source>Log of the run</source>
            <translation>运行日志</translation>
        </message>
        <message>
            <source>Parameter</source>
            <translation>参数</translation>
        </message>
        <message>
            <source>Value</source>
            <translation>值</translation>
        </message>
        <message>
            <source>From</source>
            <translation>来自</translation>
        </message>
        <message>
            <source>Metric</source>
            <translation>指标</translation>
        </message>
        <message>
            <source>Last</source>
            <translation>最后</translation>
        </message>
        <message>
            <source>Low</source>
            <translation>最低</translation>
        </message>
        <message>
            <source>High</source>
            <translation>最高</translation>
        </message>
        <message>
            <source>Step</source>
            <translation>步</translation>
        </message>
        <message>
            <source>File</source>
            <translation>文件</translation>
        </message>
        <message>
            <source>Kind</source>
            <translation>种类</translation>
        </message>
        <message>
            <source>Size</source>
            <translation>大小</translation>
        </message>
        <message>
            <source>SHA-256</source>
            <translation>SHA-256</translation>
        </message>
        <message>
            <source>When</source>
            <translation>时间</translation>
        </message>
        <message>
            <source>Level</source>
            <translation>级别</translation>
        </message>
        <message>
            <source>What</source>
            <translation>内容</translation>
        </message>
        <message>
            <source>Name this run</source>
            <translation>给此运行命名</translation>
        </message>
        <message>
            <source>Name</source>
            <translation>名称</translation>
        </message>
        <message>
            <source>Tags, with commas between</source>
            <translation>标签，用逗号分隔</translation>
        </message>
        <message>
            <source>Tags</source>
            <translation>标签</translation>
        </message>
        <message>
            <source>A note: what was tried, what was learnt</source>
            <translation>备注：试了什么，学到什么</translation>
        </message>
        <message>
            <source>Note</source>
            <translation>备注</translation>
        </message>
        <message>
            <source>The command line that repeats it</source>
            <translation>重复它的命令行</translation>
        </message>
        <message>
            <source>Metrics</source>
            <translation>指标</translation>
        </message>
        <message>
            <source>Parameters</source>
            <translation>参数</translation>
        </message>
        <message>
            <source>Files</source>
            <translation>文件</translation>
        </message>
        <message>
            <source>Events</source>
            <translation>事件</translation>
        </message>
        <message>
            <source>Log</source>
            <translation>日志</translation>
        </message>
        <message>
            <source>Repeat it</source>
            <translation>重复它</translation>
        </message>
        <message>
            <source>Choose a run to see what it was told and what came of it.</source>
            <translation>选择一个运行，看它的设置和结果。</translation>
        </message>
        <message>
            <source>This run cannot be shown: %1</source>
            <translation>无法显示此运行：%1</translation>
        </message>
        <message>
            <source>Run %1: %2</source>
            <translation>运行 %1：%2</translation>
        </message>
        <message>
            <source>seed %1</source>
            <translation>种子 %1</translation>
        </message>
        <message>
            <source>What a run writes is kept when the queue starts it (page Queue).</source>
            <translation>由队列（“队列”页）启动的运行才保存输出。</translation>
        </message>
        <message>
            <source>%1 is empty</source>
            <translation>%1 是空的</translation>
        </message>
        <message>
            <source>name of run %1</source>
            <translation>运行 %1 的名称</translation>
        </message>
        <message>
            <source>tags of run %1</source>
            <translation>运行 %1 的标签</translation>
        </message>
        <message>
            <source>note of run %1</source>
            <translation>运行 %1 的备注</translation>
        </message>
        <message>
            <source>Environment</source>
            <translation>环境</translation>
        </message>
        <message>
            <source>host</source>
            <translation>主机</translation>
        </message>
        <message>
            <source>folder</source>
            <translation>文件夹</translation>
        </message>
        <message>
            <source>version</source>
            <translation>版本</translation>
        </message>
        <message>
            <source>commit</source>
            <translation>提交</translation>
        </message>
        <message>
            <source>seed</source>
            <translation>种子</translation>
        </message>
        <message>
            <source>process</source>
            <translation>进程</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::RunTableModel</name>
        <message>
            <source>Run</source>
            <translation>运行</translation>
        </message>
        <message>
            <source>Name</source>
            <translation>名称</translation>
        </message>
        <message>
            <source>Program</source>
            <translation>程序</translation>
        </message>
        <message>
            <source>Experiment</source>
            <translation>实验</translation>
        </message>
        <message>
            <source>Started</source>
            <translation>开始</translation>
        </message>
        <message>
            <source>Took</source>
            <translation>用时</translation>
        </message>
        <message>
            <source>Tags</source>
            <translation>标签</translation>
        </message>
        <message>
            <source>Parameter %1</source>
            <translation>参数 %1</translation>
        </message>
        <message>
            <source>Metric %1, its last value</source>
            <translation>指标 %1 的最后值</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::RunsPage</name>
        <message>
            <source>Runs</source>
            <translation>运行</translation>
        </message>
        <message>
            <source>Run %1: %2</source>
            <translation>运行 %1：%2</translation>
        </message>
        <message>
            <source>Filter: words, app:vqa, status:failed, tag:paper, accuracy&gt;0.9, lr:0.001</source>
            <translation>筛选：词、app:vqa、status:failed、tag:paper、accuracy&gt;0.9、lr:0.001</translation>
        </message>
        <message>
            <source>Filter</source>
            <translation>筛选</translation>
        </message>
        <message>
            <source>Columns</source>
            <translation>列</translation>
        </message>
        <message>
            <source>Back to the list</source>
            <translation>回到列表</translation>
        </message>
        <message>
            <source>Open its curves</source>
            <translation>打开它的曲线</translation>
        </message>
        <message>
            <source>Show or hide the run beside the list</source>
            <translation>显示或隐藏列表旁的运行</translation>
        </message>
        <message>
            <source>Next run</source>
            <translation>下一个运行</translation>
        </message>
        <message>
            <source>Previous run</source>
            <translation>上一个运行</translation>
        </message>
        <message>
            <source>Filter the runs</source>
            <translation>筛选运行</translation>
        </message>
        <message>
            <source>Pin to Compare, or unpin</source>
            <translation>固定到“比较”，或取消固定</translation>
        </message>
        <message>
            <source>Show its routing</source>
            <translation>显示它的路由</translation>
        </message>
        <message>
            <source>Choose columns</source>
            <translation>选择列</translation>
        </message>
        <message>
            <source>Move to the bin, or out of it</source>
            <translation>移入或移出回收站</translation>
        </message>
        <message>
            <source>Bin</source>
            <translation>回收站</translation>
        </message>
        <message>
            <source>Undo</source>
            <translation>撤销</translation>
        </message>
        <message>
            <source>Redo</source>
            <translation>重做</translation>
        </message>
        <message>
            <source>Undo: %1</source>
            <translation>撤销：%1</translation>
        </message>
        <message>
            <source>%1 runs</source>
            <translation>%1 次运行</translation>
        </message>
        <message>
            <source>The bin is empty.</source>
            <translation>回收站是空的。</translation>
        </message>
        <message>
            <source>No run fits this filter.</source>
            <translation>没有运行符合此筛选。</translation>
        </message>
        <message>
            <source>Nothing has been run yet. Every run of every program appears here.</source>
            <translation>还没有运行过任何东西。每个程序的每次运行都出现在这里。</translation>
        </message>
        <message numerus="yes">
            <source>%n run(s) out of the bin</source>
            <translation>
                <numerusform>%n 个运行移出回收站</numerusform>
            </translation>
        </message>
        <message numerus="yes">
            <source>%n run(s) into the bin</source>
            <translation>
                <numerusform>%n 个运行移入回收站</numerusform>
            </translation>
        </message>
        <message>
            <source>%1; Ctrl+Z takes it back</source>
            <translation>%1；Ctrl+Z 可撤回</translation>
        </message>
        <message numerus="yes">
            <source>%n run(s) pinned to Compare</source>
            <translation>
                <numerusform>%n 个运行已固定到“比较”</numerusform>
            </translation>
        </message>
        <message>
            <source>Groups of runs</source>
            <translation>运行分组</translation>
        </message>
        <message>
            <source>no groups</source>
            <translation>不分组</translation>
        </message>
        <message>
            <source>by experiment</source>
            <translation>按实验</translation>
        </message>
        <message>
            <source>by program</source>
            <translation>按程序</translation>
        </message>
        <message>
            <source>by status</source>
            <translation>按状态</translation>
        </message>
        <message>
            <source>by tag</source>
            <translation>按标签</translation>
        </message>
        <message>
            <source>by sweep</source>
            <translation>按扫描</translation>
        </message>
        <message>
            <source>Group</source>
            <translation>分组</translation>
        </message>
        <message>
            <source>Runs</source>
            <translation>运行</translation>
        </message>
        <message>
            <source>Group the runs</source>
            <translation>给运行分组</translation>
        </message>
        <message>
            <source>Compare the runs of this group</source>
            <translation>比较该组的运行</translation>
        </message>
        <message>
            <source>all</source>
            <translation>全部</translation>
        </message>
        <message>
            <source>No run has any yet</source>
            <translation>还没有运行有这些</translation>
        </message>
        <message>
            <source>Parameters</source>
            <translation>参数</translation>
        </message>
        <message>
            <source>Order and widths as they were</source>
            <translation>恢复原来的顺序和宽度</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::ScatterPlot</name>
        <message>
            <source>One number against another</source>
            <translation>一个数值对另一个</translation>
        </message>
        <message>
            <source>Across</source>
            <translation>横向</translation>
        </message>
        <message>
            <source>Up</source>
            <translation>纵向</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::SettingsPage</name>
        <message>
            <source>Try it</source>
            <translation>试一下</translation>
        </message>
        <message>
            <source>On an alert</source>
            <translation>有警报时</translation>
        </message>
        <message>
            <source>Command for alerts</source>
            <translation>警报命令</translation>
        </message>
        <message>
            <source>no command; for instance: mail -s &quot;a run wants attention&quot; me</source>
            <translation>没有命令；例如：mail -s &quot;有运行需要注意&quot; me</translation>
        </message>
        <message>
            <source>A program with arguments, run once for each new alert while the window is open: a loss that is not finite, a dead expert, a lost run, a full disk. The alert comes as JSON on its stdin.</source>
            <translation>带参数的程序，窗口打开期间每个新警报运行一次：损失不是有限数、专家失效、运行丢失、磁盘将满。警报以 JSON 形式从它的标准输入读取。</translation>
        </message>
        <message>
            <source>Settings</source>
            <translation>设置</translation>
        </message>
        <message>
            <source>Verb</source>
            <translation>动作</translation>
        </message>
        <message>
            <source>Setting</source>
            <translation>设置项</translation>
        </message>
        <message>
            <source>Value</source>
            <translation>值</translation>
        </message>
        <message>
            <source>From</source>
            <translation>来自</translation>
        </message>
        <message>
            <source>Where</source>
            <translation>位置</translation>
        </message>
        <message>
            <source>Settings of the programs</source>
            <translation>各程序的设置</translation>
        </message>
        <message>
            <source>Find a setting</source>
            <translation>查找设置</translation>
        </message>
        <message>
            <source>Open the settings file</source>
            <translation>打开设置文件</translation>
        </message>
        <message>
            <source>%1 settings</source>
            <translation>%1 个设置</translation>
        </message>
        <message>
            <source>As the system has it</source>
            <translation>跟随系统</translation>
        </message>
        <message>
            <source>Light</source>
            <translation>浅色</translation>
        </message>
        <message>
            <source>Dark</source>
            <translation>深色</translation>
        </message>
        <message>
            <source>Colours</source>
            <translation>颜色</translation>
        </message>
        <message>
            <source>history: %1
settings: %2
sound is played by: %3</source>
            <translation>历史：%1
设置：%2
播放声音用：%3</translation>
        </message>
        <message>
            <source>nothing that was found</source>
            <translation>没有找到任何程序</translation>
        </message>
        <message>
            <source>Places</source>
            <translation>位置</translation>
        </message>
        <message>
            <source>Find a setting, a value, a place</source>
            <translation>查找设置、值或位置</translation>
        </message>
        <message>
            <source>%1 is neither beside this program nor on PATH</source>
            <translation>%1 既不在本程序旁，也不在 PATH 中</translation>
        </message>
        <message>
            <source># Settings of all programs, in sections [app] and [app.verb]; “inspect config” of each program lists the keys.
    </source>
            <translation># 所有程序的设置，分节 [app] 和 [app.verb]；各程序的 “inspect config” 列出键名。
    </translation>
        </message>
        <message>
            <source>It lies at %1</source>
            <translation>它在 %1</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::SoundPlayer</name>
        <message>
            <source>%1 cannot play it</source>
            <translation>%1 无法播放</translation>
        </message>
        <message>
            <source>No player was found: pw-play, paplay, aplay (alsa-utils) or ffplay (ffmpeg) would do</source>
            <translation>没有找到播放程序：pw-play、paplay、aplay（alsa-utils）或 ffplay（ffmpeg）都可以</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::SoundView</name>
        <message>
            <source>What is made is shown here: its notes, its waveform, its spectrogram</source>
            <translation>生成的内容在此显示：音符、波形、声谱图</translation>
        </message>
        <message>
            <source>%1 s</source>
            <translation>%1 秒</translation>
        </message>
        <message>
            <source>Notes, waveform, spectrogram and experts</source>
            <translation>音符、波形、声谱图和专家</translation>
        </message>
        <message>
            <source>no expert</source>
            <translation>没有专家</translation>
        </message>
        <message>
            <source>expert %1</source>
            <translation>专家 %1</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::StreamPage</name>
        <message>
            <source>Stream</source>
            <translation>数据流</translation>
        </message>
        <message>
            <source>Expert</source>
            <translation>专家</translation>
        </message>
        <message>
            <source>Kind</source>
            <translation>种类</translation>
        </message>
        <message>
            <source>Weight</source>
            <translation>权重</translation>
        </message>
        <message>
            <source>Led</source>
            <translation>领先</translation>
        </message>
        <message>
            <source>New</source>
            <translation>新</translation>
        </message>
        <message>
            <source>Row</source>
            <translation>行</translation>
        </message>
        <message>
            <source>What happened</source>
            <translation>发生了什么</translation>
        </message>
        <message>
            <source>Experts</source>
            <translation>专家</translation>
        </message>
        <message>
            <source>Drifts, births and deaths</source>
            <translation>漂移、新生与淘汰</translation>
        </message>
        <message>
            <source>Kappa</source>
            <translation>Kappa</translation>
        </message>
        <message>
            <source>Try on a drifting stream</source>
            <translation>用漂移的数据流试一试</translation>
        </message>
        <message>
            <source>Start</source>
            <translation>开始</translation>
        </message>
        <message>
            <source>Pause</source>
            <translation>暂停</translation>
        </message>
        <message>
            <source>Stop</source>
            <translation>停止</translation>
        </message>
        <message>
            <source>Save these settings</source>
            <translation>保存这些设置</translation>
        </message>
        <message>
            <source>Load settings</source>
            <translation>载入设置</translation>
        </message>
        <message>
            <source>All settings back to their defaults</source>
            <translation>所有设置恢复默认</translation>
        </message>
        <message>
            <source>What the program said is no record: %1</source>
            <translation>程序的输出不是记录：%1</translation>
        </message>
        <message>
            <source>cancelled</source>
            <translation>已取消</translation>
        </message>
        <message>
            <source>stopping…</source>
            <translation>正在停止…</translation>
        </message>
        <message>
            <source>paused after row %1</source>
            <translation>在第 %1 行暂停</translation>
        </message>
        <message>
            <source>starting…</source>
            <translation>正在启动…</translation>
        </message>
        <message>
            <source>row %1</source>
            <translation>第 %1 行</translation>
        </message>
        <message>
            <source>Choose a file or a generator and a learner, then Start. Each row is predicted, then learned.</source>
            <translation>选择文件或生成器和学习器，然后开始。每一行先预测，再学习。</translation>
        </message>
        <message>
            <source>ended after row %1</source>
            <translation>在第 %1 行结束</translation>
        </message>
        <message>
            <source>Mean absolute error</source>
            <translation>平均绝对误差</translation>
        </message>
        <message>
            <source>newest 1,000 rows</source>
            <translation>最近 1,000 行</translation>
        </message>
        <message>
            <source>Accuracy</source>
            <translation>准确率</translation>
        </message>
        <message>
            <source>Rows a second</source>
            <translation>每秒行数</translation>
        </message>
        <message>
            <source>Memory of the learner</source>
            <translation>学习器的内存</translation>
        </message>
        <message>
            <source>Drifts and replacements</source>
            <translation>漂移和替换</translation>
        </message>
        <message>
            <source>Recall of class %1</source>
            <translation>类别 %1 的召回率</translation>
        </message>
        <message>
            <source>Speed</source>
            <translation>速度</translation>
        </message>
        <message>
            <source>as fast as it can</source>
            <translation>尽可能快</translation>
        </message>
        <message>
            <source>%1 rows a second</source>
            <translation>每秒 %1 行</translation>
        </message>
        <message>
            <source>Step</source>
            <translation>单步</translation>
        </message>
        <message>
            <source>Drift now</source>
            <translation>立即漂移</translation>
        </message>
        <message>
            <source>Take the curves or the matrix along</source>
            <translation>导出曲线或矩阵</translation>
        </message>
        <message>
            <source>Curves</source>
            <translation>曲线</translation>
        </message>
        <message>
            <source>Confusion</source>
            <translation>混淆</translation>
        </message>
        <message>
            <source>Trees</source>
            <translation>树</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::StreamPlots</name>
        <message>
            <source>Score over rows</source>
            <translation>随行数的得分</translation>
        </message>
        <message>
            <source>accuracy</source>
            <translation>准确率</translation>
        </message>
        <message>
            <source>Weights of the experts over rows</source>
            <translation>各专家的权重随行数</translation>
        </message>
        <message>
            <source>router&apos;s weight</source>
            <translation>路由器权重</translation>
        </message>
        <message>
            <source>all rows</source>
            <translation>所有行</translation>
        </message>
        <message>
            <source>newest 1,000 rows</source>
            <translation>最近 1,000 行</translation>
        </message>
        <message>
            <source>kappa, all rows</source>
            <translation>kappa，所有行</translation>
        </message>
        <message>
            <source>drift, expert replaced</source>
            <translation>漂移，专家被替换</translation>
        </message>
        <message>
            <source>row</source>
            <translation>行</translation>
        </message>
        <message>
            <source>mean absolute error</source>
            <translation>平均绝对误差</translation>
        </message>
        <message>
            <source>expert %1</source>
            <translation>专家 %1</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::TokenStrip</name>
        <message>
            <source>question</source>
            <translation>问题</translation>
        </message>
        <message>
            <source>answer</source>
            <translation>答案</translation>
        </message>
        <message>
            <source>Words by expert</source>
            <translation>按专家着色的词</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::UltrasoundPage</name>
        <message>
            <source>Ultrasound</source>
            <translation>超声</translation>
        </message>
        <message>
            <source>File</source>
            <translation>文件</translation>
        </message>
        <message>
            <source>Report</source>
            <translation>报告</translation>
        </message>
        <message>
            <source>Studies</source>
            <translation>检查</translation>
        </message>
        <message>
            <source>Research use only, not for clinical use</source>
            <translation>仅供研究，不用于临床</translation>
        </message>
        <message>
            <source>Draft with</source>
            <translation>起草方式</translation>
        </message>
        <message>
            <source>Reader</source>
            <translation>阅片人</translation>
        </message>
        <message>
            <source>Open</source>
            <translation>打开</translation>
        </message>
        <message>
            <source>Open studies</source>
            <translation>打开检查</translation>
        </message>
        <message>
            <source>Try on a sample</source>
            <translation>用样例试一试</translation>
        </message>
        <message>
            <source>Draft a report</source>
            <translation>起草报告</translation>
        </message>
        <message>
            <source>Keep my changes</source>
            <translation>保留我的修改</translation>
        </message>
        <message>
            <source>Sign</source>
            <translation>签署</translation>
        </message>
        <message>
            <source>Export</source>
            <translation>导出</translation>
        </message>
        <message>
            <source>Play the clip</source>
            <translation>播放片段</translation>
        </message>
        <message>
            <source>Next frame</source>
            <translation>下一帧</translation>
        </message>
        <message>
            <source>Frame before</source>
            <translation>上一帧</translation>
        </message>
        <message>
            <source>Show the whole frame</source>
            <translation>显示整帧</translation>
        </message>
        <message>
            <source>Grey levels as they are</source>
            <translation>恢复原灰度</translation>
        </message>
        <message>
            <source>Cancel</source>
            <translation>取消</translation>
        </message>
        <message>
            <source>Take the picture along</source>
            <translation>带走图片</translation>
        </message>
        <message>
            <source>%1 is written</source>
            <translation>%1 已写入</translation>
        </message>
        <message>
            <source>The samples are not installed</source>
            <translation>样例没有安装</translation>
        </message>
        <message>
            <source>conclave-ultrasound is neither beside this program nor on PATH</source>
            <translation>conclave-ultrasound 既不在本程序旁，也不在 PATH 中</translation>
        </message>
        <message>
            <source>working…</source>
            <translation>正在工作…</translation>
        </message>
        <message>
            <source>Open a file first</source>
            <translation>请先打开文件</translation>
        </message>
        <message>
            <source>drafted</source>
            <translation>已起草</translation>
        </message>
        <message>
            <source>There is no report to change</source>
            <translation>没有可修改的报告</translation>
        </message>
        <message>
            <source>Who edits? Write your name below the report</source>
            <translation>谁在编辑？请在报告下方写下姓名</translation>
        </message>
        <message>
            <source>Nothing was changed</source>
            <translation>没有修改</translation>
        </message>
        <message>
            <source>kept</source>
            <translation>已保留</translation>
        </message>
        <message>
            <source>There is no report to sign</source>
            <translation>没有可签署的报告</translation>
        </message>
        <message>
            <source>Who signs? Write your name below the report</source>
            <translation>谁来签署？请在报告下方写下姓名</translation>
        </message>
        <message>
            <source>Keep your changes first: what is signed is what is kept</source>
            <translation>请先保留修改：签署的是已保留的内容</translation>
        </message>
        <message>
            <source>signed</source>
            <translation>已签署</translation>
        </message>
        <message>
            <source>There is no report to export</source>
            <translation>没有可导出的报告</translation>
        </message>
        <message>
            <source>text, PDF, SR and FHIR are beside %1</source>
            <translation>文本、PDF、SR 和 FHIR 在 %1 旁</translation>
        </message>
        <message>
            <source>Measure a length</source>
            <translation>测量长度</translation>
        </message>
        <message>
            <source>Measure an ellipse</source>
            <translation>测量椭圆</translation>
        </message>
        <message>
            <source>Outline what is seen</source>
            <translation>勾画所见</translation>
        </message>
        <message>
            <source>Draw a box</source>
            <translation>画方框</translation>
        </message>
        <message>
            <source>Your name, to edit, sign and annotate</source>
            <translation>您的姓名，用于编辑、签署和标注</translation>
        </message>
        <message>
            <source>Readers</source>
            <translation>阅片人</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::VerbForm</name>
        <message>
            <source>Find a setting</source>
            <translation>查找设置</translation>
        </message>
        <message>
            <source>The settings of %1 cannot be shown: %2</source>
            <translation>无法显示 %1 的设置：%2</translation>
        </message>
        <message>
            <source>%1 is neither beside this program nor on PATH</source>
            <translation>%1 既不在本程序旁，也不在 PATH 中</translation>
        </message>
        <message>
            <source>All settings</source>
            <translation>所有设置</translation>
        </message>
        <message>
            <source>yes</source>
            <translation>是</translation>
        </message>
        <message>
            <source>Choose a file</source>
            <translation>选择文件</translation>
        </message>
        <message>
            <source>%1 is needed</source>
            <translation>需要 %1</translation>
        </message>
        <message>
            <source>Settings (*.toml)</source>
            <translation>设置 (*.toml)</translation>
        </message>
        <message>
            <source>Save these settings</source>
            <translation>保存这些设置</translation>
        </message>
        <message>
            <source>Load settings</source>
            <translation>载入设置</translation>
        </message>
        <message>
            <source>%1 is written</source>
            <translation>%1 已写入</translation>
        </message>
        <message>
            <source>%1 is loaded</source>
            <translation>%1 已载入</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::VqaPage</name>
        <message>
            <source>Picture QA</source>
            <translation>图片问答</translation>
        </message>
        <message>
            <source>Ask</source>
            <translation>提问</translation>
        </message>
        <message>
            <source>Cancel</source>
            <translation>取消</translation>
        </message>
        <message>
            <source>Paint patches by expert</source>
            <translation>按专家给图块着色</translation>
        </message>
        <message>
            <source>What the program said is no answer: a line without an end.</source>
            <translation>程序的输出不是答案：一行没有结尾。</translation>
        </message>
        <message>
            <source>Layer</source>
            <translation>层</translation>
        </message>
        <message>
            <source>Questions and answers</source>
            <translation>问题和答案</translation>
        </message>
        <message>
            <source>What do you want to know?</source>
            <translation>您想知道什么？</translation>
        </message>
        <message>
            <source>Question</source>
            <translation>问题</translation>
        </message>
        <message>
            <source>Try on a sample picture</source>
            <translation>用样例图片试一试</translation>
        </message>
        <message>
            <source>Open pictures</source>
            <translation>打开图片</translation>
        </message>
        <message>
            <source>Paste a picture</source>
            <translation>粘贴图片</translation>
        </message>
        <message>
            <source>Take the pictures away</source>
            <translation>移走图片</translation>
        </message>
        <message>
            <source>Cancel the question</source>
            <translation>取消问题</translation>
        </message>
        <message>
            <source>Only the first %1 pictures are taken</source>
            <translation>只取前 %1 张图片</translation>
        </message>
        <message>
            <source>Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.gif)</source>
            <translation>图片 (*.png *.jpg *.jpeg *.webp *.bmp *.gif)</translation>
        </message>
        <message>
            <source>There is no picture to paste</source>
            <translation>没有可粘贴的图片</translation>
        </message>
        <message>
            <source>The samples are not installed</source>
            <translation>样例没有安装</translation>
        </message>
        <message>
            <source>conclave-vqa is neither beside this program nor on PATH</source>
            <translation>conclave-vqa 既不在本程序旁，也不在 PATH 中</translation>
        </message>
        <message>
            <source>What the program said is no answer: %1</source>
            <translation>程序的输出不是答案：%1</translation>
        </message>
        <message>
            <source>The program ended without an answer.</source>
            <translation>程序没有给出答案就结束了。</translation>
        </message>
        <message>
            <source>The experts cannot be shown: %1</source>
            <translation>无法显示专家：%1</translation>
        </message>
        <message>
            <source>Layer %1</source>
            <translation>第 %1 层</translation>
        </message>
        <message>
            <source>cancelling…</source>
            <translation>正在取消…</translation>
        </message>
        <message>
            <source>asking…</source>
            <translation>正在提问…</translation>
        </message>
        <message>
            <source>asking… %1; Esc cancels</source>
            <translation>正在提问… %1；Esc 取消</translation>
        </message>
        <message>
            <source>The model that is shipped knows box scenes and single coloured shapes; on photographs it guesses.</source>
            <translation>附带的模型认识方块场景和单个彩色形状；对照片只是猜测。</translation>
        </message>
        <message>
            <source>Drop pictures here, paste one (Ctrl+V),
open files (Ctrl+O) or use the camera (Ctrl+Shift+P)</source>
            <translation>把图片拖到这里，粘贴一张（Ctrl+V），
打开文件（Ctrl+O）或使用摄像头（Ctrl+Shift+P）</translation>
        </message>
        <message>
            <source>Batch</source>
            <translation>批量</translation>
        </message>
        <message>
            <source>Open</source>
            <translation>打开</translation>
        </message>
        <message>
            <source>Take along ...</source>
            <translation>带走…</translation>
        </message>
        <message>
            <source>Larger</source>
            <translation>放大</translation>
        </message>
        <message>
            <source>Smaller</source>
            <translation>缩小</translation>
        </message>
        <message>
            <source>The whole picture</source>
            <translation>整张图片</translation>
        </message>
        <message>
            <source>One question, or a batch</source>
            <translation>切换单个问题与批量</translation>
        </message>
        <message>
            <source>Ask about a folder of pictures</source>
            <translation>对文件夹中的图片提问</translation>
        </message>
        <message>
            <source>Open the answers of an earlier run</source>
            <translation>打开以前运行的答案</translation>
        </message>
        <message>
            <source>Queue the batch</source>
            <translation>将批量排队</translation>
        </message>
        <message>
            <source>Filter the batch</source>
            <translation>筛选批量</translation>
        </message>
        <message>
            <source>The model in %1 answers.</source>
            <translation>由 %1 中的模型回答。</translation>
        </message>
        <message>
            <source>Take a picture with the camera</source>
            <translation>用摄像头拍一张</translation>
        </message>
        <message>
            <source>The camera is asked…</source>
            <translation>正在询问摄像头…</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::WordView</name>
        <message>
            <source>Choose a word, a patch or an expert to see what went to the same expert</source>
            <translation>选择一个词、图块或专家，查看还有哪些去了同一专家</translation>
        </message>
        <message>
            <source>Choose a word to see its experts</source>
            <translation>选择一个词以查看其专家</translation>
        </message>
        <message>
            <source>Expert %1: %2 of %3 words</source>
            <translation>专家 %1：%3 个词中的 %2 个</translation>
        </message>
        <message>
            <source>%1 of %2 patches went to expert %3</source>
            <translation>%2 个图块中有 %1 个去了专家 %3</translation>
        </message>
        <message>
            <source>no patch went to its experts</source>
            <translation>没有图块去它的专家</translation>
        </message>
    </context>
    <context>
        <name>status</name>
        <message>
            <source>queued</source>
            <translation>已排队</translation>
        </message>
        <message>
            <source>waiting</source>
            <translation>等待</translation>
        </message>
        <message>
            <source>running</source>
            <translation>正在进行</translation>
        </message>
        <message>
            <source>finished</source>
            <translation>完成</translation>
        </message>
        <message>
            <source>done</source>
            <translation>完成</translation>
        </message>
        <message>
            <source>failed</source>
            <translation>失败</translation>
        </message>
        <message>
            <source>cancelled</source>
            <translation>已取消</translation>
        </message>
        <message>
            <source>lost</source>
            <translation>丢失</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::Page</name>
        <message>
            <source>%1 is written</source>
            <translation>%1 已写入</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::MachineWatch</name>
        <message>
            <source>%1 %, %2 of %3</source>
            <translation>%1 %，%2 / %3</translation>
        </message>
        <message>
            <source>CPU %1 % of %2 cores</source>
            <translation>CPU %1 %（%2 核）</translation>
        </message>
        <message>
            <source>%1 cores</source>
            <translation>%1 核</translation>
        </message>
        <message>
            <source>memory %1 of %2</source>
            <translation>内存 %1 / %2</translation>
        </message>
        <message>
            <source>no GPU</source>
            <translation>无 GPU</translation>
        </message>
        <message>
            <source>GPU %1</source>
            <translation>GPU %1</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::Camera</name>
        <message>
            <source>The camera %1 gave no picture: %2</source>
            <translation>摄像头 %1 没有给出图片：%2</translation>
        </message>
        <message>
            <source>This machine has no camera</source>
            <translation>本机没有摄像头</translation>
        </message>
        <message>
            <source>A camera needs ffmpeg or fswebcam; neither is on PATH</source>
            <translation>摄像头需要 ffmpeg 或 fswebcam；PATH 中都没有</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::PageHelp</name>
        <message>
            <source>Help</source>
            <translation>帮助</translation>
        </message>
        <message>
            <source>Help on this page</source>
            <translation>本页帮助</translation>
        </message>
        <message>
            <source>Keys of this page</source>
            <translation>本页的按键</translation>
        </message>
        <message>
            <source>Keys everywhere</source>
            <translation>处处可用的按键</translation>
        </message>
        <message>
            <source>Ctrl+K finds everything else that can be done.</source>
            <translation>Ctrl+K 可找到其他一切操作。</translation>
        </message>
        <message>
            <source>Where one begins: each application can be tried on a sample, and the latest runs are listed with what came of them. What wants attention stands in red; what ended since the window was last closed stands above the list.</source>
            <translation>从这里开始：每个应用都可以用样例试用，最近的运行及其结果列在下面。需要注意的以红色显示；上次关闭窗口后结束的运行写在列表上方。</translation>
        </message>
        <message>
            <source>Questions about pictures. Drop, paste or open a picture, write one question a line, and ask. Each answer tells how sure the model is; below the picture you choose the layer whose experts paint the patches. A word, a patch or an expert that is clicked shows what went to the same expert. The tab Batch asks a whole file of questions.</source>
            <translation>关于图片的问题。拖入、粘贴或打开一张图片，每行写一个问题，然后提问。每个答案都附有模型的把握；在图片下方选择由哪一层的专家给图块着色。点击一个词、图块或专家，可看到还有哪些去了同一专家。“批量”标签页可对整个文件的问题提问。</translation>
        </message>
        <message>
            <source>Speech and music. Choose speak, music or continue, fill in the form, and make it: notes, waveform and spectrogram stand under one playhead, and each result is a version that can be played, compared with others and saved.</source>
            <translation>语音和音乐。选择 speak、music 或 continue，填写表单并生成：音符、波形和频谱图共用一个播放头，每个结果都是一个版本，可以播放、与其他版本比较和保存。</translation>
        </message>
        <message>
            <source>Frames are looked at, measured and reported. Draft lets the model fill in the report; you check its fields, the least sure first, correct them, and sign. A draft is no diagnosis.</source>
            <translation>查看图像帧、测量并写报告。“起草”让模型填写报告；您检查各字段（把握最小的在前），改正后签名。草稿不是诊断。</translation>
        </message>
        <message>
            <source>A mixture of experts that learns from a stream, record by record, each tested before it is learnt from. Accuracy, drifts, the router&apos;s weights and the confusion matrix are drawn while it goes on; it can be paused, led on by a record, and told to drift.</source>
            <translation>从数据流逐条学习的专家混合，每条记录先测试再学习。运行时绘出准确率、漂移、路由权重和混淆矩阵；可以暂停、逐条前进，并让数据流漂移。</translation>
        </message>
        <message>
            <source>Every run of every program, newest first. Filter with words or conditions (app:vqa accuracy&gt;0.9 tag:paper lr:0.1); choose metrics and parameters as columns and drag them where you want them. Beside the list stands what a run was told and what came of it.</source>
            <translation>所有程序的所有运行，最新的在前。用词语或条件筛选（app:vqa accuracy&gt;0.9 tag:paper lr:0.1）；选择指标和参数作为列，并拖到想要的位置。列表旁边是该运行的设置和结果。</translation>
        </message>
        <message>
            <source>Pinned runs side by side: curves over each other, what differs in their parameters, metrics with the difference to a baseline (click a run&apos;s name), and all numbers over parallel axes or one against another.</source>
            <translation>并排比较固定的运行：曲线叠放、参数的不同之处、与基准（点击运行名称）之差的指标，以及平行坐标轴上或两两相对的所有数值。</translation>
        </message>
        <message>
            <source>Which experts the tokens of each modality went to, layer by layer and step by step, of one run or minus a pinned one. A chosen expert is followed over the steps below the loss, and can be taken out to see what is lost. Words and patches shows it for single tokens.</source>
            <translation>各模态的词元逐层逐步去了哪些专家，可看一个运行，或减去一个固定的运行。选中的专家在损失曲线下方逐步显示，也可以去掉它，看看损失了什么。“词语和图块”显示单个词元的去向。</translation>
        </message>
        <message>
            <source>Commands that wait for a free slot and go on when the window is closed. Write one below, or a sweep of many; drag waiting jobs into their order. A training that was cancelled or failed is resumed from its checkpoint.</source>
            <translation>命令等待空闲的槽位，窗口关闭后继续进行。在下面写一条命令，或写一组扫描；拖动等待的作业来排序。被取消或失败的训练可从检查点继续。</translation>
        </message>
        <message>
            <source>Colours, places, a command that is run for alerts, and every setting of every program with where its value comes from.</source>
            <translation>颜色、位置、警报时运行的命令，以及每个程序的每项设置及其值的来源。</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::ConfusionView</name>
        <message>
            <source>Confusion matrix</source>
            <translation>混淆矩阵</translation>
        </message>
        <message>
            <source>A row for each true class: the share of its rows that were taken for each class.</source>
            <translation>每个真实类别一行：其记录被判为各类别的比例。</translation>
        </message>
        <message>
            <source>Nothing was predicted yet, or numbers are predicted, which are not confused.</source>
            <translation>还没有预测，或者预测的是数值，不会混淆。</translation>
        </message>
        <message>
            <source>predicted class</source>
            <translation>预测的类别</translation>
        </message>
    </context>
    <context>
        <name>conclave::ui::TreePanel</name>
        <message>
            <source>by %1</source>
            <translation>按 %1</translation>
        </message>
        <message>
            <source>(%1 nodes below)</source>
            <translation>（下有 %1 个节点）</translation>
        </message>
        <message>
            <source>Which tree</source>
            <translation>哪棵树</translation>
        </message>
        <message>
            <source>Tree of the expert</source>
            <translation>专家的树</translation>
        </message>
        <message>
            <source>Where</source>
            <translation>条件</translation>
        </message>
        <message>
            <source>Decides, or says</source>
            <translation>判断或结论</translation>
        </message>
        <message>
            <source>As it stands now</source>
            <translation>现在的样子</translation>
        </message>
        <message>
            <source>Expert %1</source>
            <translation>专家 %1</translation>
        </message>
        <message>
            <source>Tree %1</source>
            <translation>树 %1</translation>
        </message>
        <message>
            <source>No trees yet, or a learner that has none. Pause, or wait for the end.</source>
            <translation>还没有树，或学习器没有树。请暂停，或等到结束。</translation>
        </message>
        <message>
            <source>as it stood after row %1</source>
            <translation>第 %1 条记录之后的样子</translation>
        </message>
        <message>
            <source>all rows</source>
            <translation>所有记录</translation>
        </message>
    </context>
</TS>
